package docker

import (
	"context"
	"io"

	"hal-controller/pkg/runtime"
)

var _ runtime.Archives = (*Engine)(nil)

// Archive implements runtime.Archives.
func (e *Engine) Archive(ctx context.Context, id, path string) (io.ReadCloser, error) {
	content, _, err := e.client.CopyFromContainer(ctx, id, path)
	if err != nil {
		return nil, e.onContainer(err)
	}
	return content, nil
}
