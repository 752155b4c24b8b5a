package runtime

import (
	"context"
	"io"
	"time"
)

// ImageStore makes images and looks into them. The controller itself does
// neither, so that it is not part of Runtime: see Images for what it needs.
//
// Images belong to the whole engine and not to an instance. Each method takes its
// time limit from ctx and is safe for concurrent use.
type ImageStore interface {
	// ListImages returns the images that have a name, and those without one that
	// are not a step on the way to another, in no particular order.
	ListImages(ctx context.Context) ([]Image, error)
	// InspectImage returns what a listing does not say. ErrImageMissing,
	// ErrInvalid for a reference that is none.
	InspectImage(ctx context.Context, ref string) (ImageInspection, error)
	// BuildImage makes an image without a name and returns its id. ErrInvalid
	// for a Dockerfile that fails, with what the engine says of it. The end of
	// ctx ends the build on the engine too. What failed on the way is removed;
	// steps that were done stay, for the next build to begin with.
	BuildImage(ctx context.Context, spec BuildSpec) (id string, err error)
	// TagImage gives an image a further name, which another may have had.
	// ErrImageMissing, ErrInvalid.
	TagImage(ctx context.Context, id, ref string) error
	// DiscardImage removes an image, and the steps it was made in, if it has no
	// name and no container uses it. Any other, or a missing one, is left and is
	// no error.
	DiscardImage(ctx context.Context, id string) error
	// ExportImage returns the file system of an image as a tar, by way of a
	// container that is never started, belongs to no pool and is removed by
	// Close. ErrImageMissing, ErrInvalid.
	ExportImage(ctx context.Context, ref string) (io.ReadCloser, error)
}

// Image is one image as a listing shows it.
type Image struct {
	ID string
	// Names it goes by, with tag or digest; empty for one that has lost them.
	Names   []string
	Created time.Time // to the second
	Size    int64     // bytes, with what it shares with others
	Labels  map[string]string
}

// ImageInspection is what only an inspection of an image tells.
type ImageInspection struct {
	ID     string
	User   string // as its last USER instruction has it
	Labels map[string]string
	// Layers are the digests of its layers, the lowest first.
	Layers []string
}

// BuildSpec is an image to build.
type BuildSpec struct {
	// Context is a tar with a Dockerfile at its root. It may be read until the
	// build ends, and not always to its end.
	Context io.Reader
	// Labels are set after those of the Dockerfile, and win over them.
	Labels map[string]string
	// Output is called with each line of the build's output as it comes, one
	// call at a time; nil: nobody listens. Each step is announced as
	// "Step 2/4 : RUN make".
	Output func(line string)
}
