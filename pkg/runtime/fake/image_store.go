package fake

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
)

var _ runtime.ImageStore = (*Runtime)(nil)

// image is what the engine keeps of an image, whatever its names.
type image struct {
	runtime.ImageInspection
	created time.Time
	size    int64
	files   map[string]string // content by path
}

// newImage stores an image under a new id. Without layers it gets one of its own.
func (r *Runtime) newImage(i image) (id string) {
	i.ID = "sha256:" + r.newID()
	i.created = r.now().Truncate(time.Second)
	if len(i.Layers) == 0 {
		i.Layers = []string{"layer of " + i.ID}
	}
	r.stored[i.ID] = i
	return i.ID
}

// EditImage changes what is known of an image that the engine has: its size in
// bytes, its user, its labels, its layers.
func (r *Runtime) EditImage(ref string, edit func(i *runtime.ImageInspection, size *int64)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.stored[r.images[tagged(ref)]]
	edit(&i.ImageInspection, &i.size)
	r.stored[i.ID] = i
}

// ListImages implements runtime.ImageStore. By id, the oldest first.
func (r *Runtime) ListImages(ctx context.Context) (list []runtime.Image, err error) {
	err = r.do(ctx, Call{Method: "list images"}, func() error {
		for _, id := range slices.Sorted(maps.Keys(r.stored)) {
			i := r.stored[id]
			list = append(list, runtime.Image{
				ID: id, Names: r.namesOf(id), Created: i.created, Size: i.size, Labels: maps.Clone(i.Labels),
			})
		}
		return nil
	})
	return list, err
}

func (r *Runtime) namesOf(id string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.images)) {
		if r.images[name] == id {
			names = append(names, name)
		}
	}
	return names
}

// InspectImage implements runtime.ImageStore.
func (r *Runtime) InspectImage(ctx context.Context, ref string) (found runtime.ImageInspection, err error) {
	err = r.do(ctx, Call{Method: "inspect image", Name: ref}, func() error {
		i, err := r.image(ref)
		found = i.ImageInspection
		found.Labels, found.Layers = maps.Clone(i.Labels), slices.Clone(i.Layers)
		return err
	})
	return found, err
}

// image finds an image by name or id.
func (r *Runtime) image(ref string) (image, error) {
	if i, known := r.stored[cmp.Or(r.images[tagged(ref)], ref)]; known {
		return i, nil
	}
	return image{}, fmt.Errorf("%w: %q", runtime.ErrImageMissing, ref)
}

// TagImage implements runtime.ImageStore.
func (r *Runtime) TagImage(ctx context.Context, id, ref string) error {
	return r.do(ctx, Call{Method: "tag image", Name: id, Detail: ref}, func() error {
		i, err := r.image(id)
		if err != nil {
			return err
		}
		r.images[tagged(ref)] = i.ID
		r.emit(runtime.Event{Kind: runtime.EventImage, Action: "tag", ID: tagged(ref)})
		return nil
	})
}

// DiscardImage implements runtime.ImageStore.
func (r *Runtime) DiscardImage(ctx context.Context, id string) error {
	return r.do(ctx, Call{Method: "discard image", Name: id}, func() error {
		used := slices.ContainsFunc(r.containers, func(c *container) bool { return c.ImageID == id })
		if !used && len(r.namesOf(id)) == 0 {
			delete(r.stored, id)
		}
		return nil
	})
}

// ExportImage implements runtime.ImageStore: of an image that was built, the
// files of its context; of any other, what AddFiles gave it.
func (r *Runtime) ExportImage(ctx context.Context, ref string) (body io.ReadCloser, err error) {
	err = r.do(ctx, Call{Method: "export image", Name: ref}, func() error {
		i, err := r.image(ref)
		if err != nil {
			return err
		}
		body = io.NopCloser(tarOf(i.files))
		return nil
	})
	return body, err
}

// AddFiles gives an image that the engine has files to export: content by path.
func (r *Runtime) AddFiles(ref string, files map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.stored[r.images[tagged(ref)]]
	i.files = files
	r.stored[i.ID] = i
}

func tarOf(files map[string]string) io.Reader {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_ = w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(name, "/"), Mode: 0o644, Size: int64(len(files[name]))}) // into memory
		_, _ = io.WriteString(w, files[name])
	}
	_ = w.Close()
	return &buffer
}
