package docker

import (
	"context"
	"crypto/rand"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

const (
	// labelOneOff is on a container that a command makes and removes itself. It
	// has no label of an instance: no pool counts it, and no controller sees it.
	labelOneOff = reserved + "one-off"
	oneOffName  = "hal-export-"
	// removalPatience bounds the removal of a container when the caller's own
	// time may be over.
	removalPatience = 30 * time.Second
)

// ExportImage implements runtime.ImageStore.
func (e *Engine) ExportImage(ctx context.Context, ref string) (io.ReadCloser, error) {
	// The name is known before the create call, so that a container whose create
	// was interrupted is removed as well.
	name := oneOffName + strings.ToLower(rand.Text()[:10])
	remove := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalPatience)
		defer cancel()
		return e.removeOneOff(ctx, name)
	}
	_, err := e.client.ContainerCreate(ctx, &container.Config{
		Image: ref, Labels: map[string]string{labelOneOff: "export"},
		Cmd: []string{"never-started"}, // an image may have no command, and a container must
	}, &container.HostConfig{NetworkMode: "none", LogConfig: logConfig}, nil, nil, name)
	if err != nil {
		if ctx.Err() != nil {
			_ = remove() // the create's error is what matters
		}
		return nil, e.onImage(err)
	}
	body, err := e.client.ContainerExport(ctx, name)
	if err != nil {
		_ = remove()
		return nil, e.failure(err)
	}
	return &export{body, remove}, nil
}

// removeOneOff removes a container with the volumes that came into being with it:
// those that its image declares.
func (e *Engine) removeOneOff(ctx context.Context, name string) error {
	err := e.client.ContainerRemove(ctx, name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) || beingRemoved(err) {
		return nil
	}
	return e.failure(err)
}

// export is a stream that ends with the container it is of.
type export struct {
	io.ReadCloser
	remove func() error
}

// Close ends the stream and removes the container.
func (x *export) Close() error {
	_ = x.ReadCloser.Close()
	return x.remove()
}
