package docker

import (
	"context"

	"github.com/containerd/errdefs"

	"hal-controller/pkg/runtime"
)

// Image implements runtime.Images. ErrInvalid for a reference that is none.
func (e *Engine) Image(ctx context.Context, ref string) (string, error) {
	image, err := e.client.ImageInspect(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		return "", refusal(runtime.ErrImageMissing, err)
	case errdefs.IsInvalidArgument(err):
		return "", refusal(runtime.ErrInvalid, err)
	case err != nil:
		return "", e.failure(err)
	default:
		return image.ID, nil
	}
}
