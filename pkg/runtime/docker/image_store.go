package docker

import (
	"context"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"hal-controller/pkg/runtime"
)

var _ runtime.ImageStore = (*Engine)(nil)

// none is in the place of a name that an image does not have, in listings of
// engines up to 24.
const none = "<none>"

// ListImages implements runtime.ImageStore.
func (e *Engine) ListImages(ctx context.Context) ([]runtime.Image, error) {
	list, err := e.client.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, e.failure(err)
	}
	var images []runtime.Image
	for _, i := range list {
		images = append(images, runtime.Image{
			ID: i.ID, Names: namesOf(i), Created: time.Unix(i.Created, 0), Size: i.Size, Labels: i.Labels,
		})
	}
	return images, nil
}

// namesOf leaves out what an engine with containerd's image store (2.0 beta) adds to
// a name: the same once more, with the image's id behind it.
func namesOf(i image.Summary) []string {
	var names []string
	for _, tag := range i.RepoTags {
		if tag != none+":"+none {
			names = append(names, tag)
		}
	}
	named := len(names) > 0
	for _, digest := range i.RepoDigests {
		if digest != none+"@"+none && (!named || !strings.HasSuffix(digest, "@"+i.ID)) {
			names = append(names, digest)
		}
	}
	return names
}

// InspectImage implements runtime.ImageStore.
func (e *Engine) InspectImage(ctx context.Context, ref string) (runtime.ImageInspection, error) {
	i, err := e.client.ImageInspect(ctx, ref)
	if err != nil {
		return runtime.ImageInspection{}, e.onImage(err)
	}
	inspection := runtime.ImageInspection{ID: i.ID, Layers: i.RootFS.Layers}
	if i.Config != nil {
		inspection.User, inspection.Labels = i.Config.User, i.Config.Labels
	}
	return inspection, nil
}

// TagImage implements runtime.ImageStore.
func (e *Engine) TagImage(ctx context.Context, id, ref string) error {
	return e.onImage(e.client.ImageTag(ctx, id, ref))
}

// DiscardImage implements runtime.ImageStore. It asks for the names first: the
// engine would take "remove" of an image with one name for "take the name off".
func (e *Engine) DiscardImage(ctx context.Context, id string) error {
	i, err := e.client.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return e.onImage(err)
	}
	if len(i.RepoTags) > 0 || len(i.RepoDigests) > 0 {
		return nil
	}
	_, err = e.client.ImageRemove(ctx, i.ID, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // gone, or in use, by now
		return nil
	}
	return e.failure(err)
}

// onImage are the errors of a call on an image, which is missing when the engine
// finds nothing.
func (e *Engine) onImage(err error) error {
	switch {
	case err == nil:
		return nil
	case errdefs.IsNotFound(err):
		return refusal(runtime.ErrImageMissing, err)
	case errdefs.IsInvalidArgument(err):
		return refusal(runtime.ErrInvalid, err)
	default:
		return e.failure(err)
	}
}
