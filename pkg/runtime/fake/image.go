package fake

import (
	"context"
	"strings"

	"hal-controller/pkg/runtime"
)

// AddImage gives the engine an image and returns its id; a reference that it
// has gets a new id, as after a build.
func (r *Runtime) AddImage(ref string) (id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id = r.newImage(image{})
	r.images[tagged(ref)] = id
	r.emit(runtime.Event{Kind: runtime.EventImage, Action: "tag", ID: tagged(ref)})
	return id
}

// RemoveImage takes an image away.
func (r *Runtime) RemoveImage(ref string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.images, tagged(ref))
	r.emit(runtime.Event{Kind: runtime.EventImage, Action: "untag", ID: tagged(ref)})
}

// Image implements runtime.Images.
func (r *Runtime) Image(ctx context.Context, ref string) (id string, err error) {
	err = r.do(ctx, Call{Method: "image", Name: ref}, func() error {
		i, err := r.image(ref)
		id = i.ID
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// ImportPause implements runtime.Images.
func (r *Runtime) ImportPause(ctx context.Context) error {
	return r.do(ctx, Call{Method: "import pause"}, func() error {
		if r.images[runtime.PauseImage] == "" {
			r.images[runtime.PauseImage] = r.newImage(image{})
			r.emit(runtime.Event{Kind: runtime.EventImage, Action: "import", ID: runtime.PauseImage})
		}
		return nil
	})
}

// tagged adds the tag that a reference without one means.
func tagged(ref string) string {
	if strings.Contains(ref, "@") || strings.Contains(ref[strings.LastIndex(ref, "/")+1:], ":") {
		return ref
	}
	return ref + ":latest"
}
