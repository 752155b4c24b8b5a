package profile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
)

// Labels of an image that was made of a profile.
const (
	// LabelInputs is the hash of what the image was made from.
	LabelInputs = "hal.image.inputs"

	labelOCI        = "org.opencontainers.image."
	LabelVersion    = labelOCI + "version"
	labelRevision   = labelOCI + "revision"
	labelTitle      = labelOCI + "title"
	labelBaseName   = labelOCI + "base.name"
	labelBaseDigest = labelOCI + "base.digest"
)

// discardPatience bounds the removal of a refused image when the caller's own
// time may be over.
const discardPatience = 30 * time.Second

// Builder makes images of profiles.
type Builder struct {
	Store runtime.ImageStore
	// Version of the program that builds.
	Version string
	// Step is called as each instruction of a Dockerfile begins, the first of them
	// with n 1.
	Step func(n, of int, instruction string)
	// Output is called with each line of what instructions say.
	Output func(line string)
}

// Outcome is what became of an image.
type Outcome string

// Outcomes.
const (
	Built    Outcome = "built"
	UpToDate Outcome = "up to date"
)

// Build makes the image of a profile, unless there is one with the same inputs.
// An error names the profile or its file, with the line where there is one, and
// leaves the image's name as it was. An image to build on that is missing is one:
// none is pulled.
func (b Builder) Build(ctx context.Context, p Profile) (Outcome, error) {
	s, err := open(p)
	if err != nil {
		return "", err
	}
	defer s.close()
	bases, err := b.bases(ctx, p, s.dockerfile.images)
	if err != nil {
		return "", err
	}
	inputs := inputsOf(s.dockerfile.images, bases)
	if err := s.write(inputs); err != nil {
		return "", err
	}
	sum := sumOf(inputs)
	current, err := b.Store.InspectImage(ctx, p.Image())
	if err != nil && !errors.Is(err, runtime.ErrImageMissing) {
		return "", fmt.Errorf("look at %s: %w", p.Image(), err)
	}
	if err == nil && current.Labels[LabelInputs] == sum {
		return UpToDate, nil
	}
	base := bases[s.dockerfile.base.image]
	id, err := b.build(ctx, s, map[string]string{
		LabelInputs: sum, labelTitle: p.Image(), LabelVersion: b.Version, labelRevision: sum,
		labelBaseName: nameOf(s.dockerfile.base.image), labelBaseDigest: base.ID,
	}, inputsOf(s.dockerfile.images, bases))
	if err != nil {
		return "", err
	}
	if err := b.accept(ctx, p, id, base); err != nil {
		return "", err
	}
	return Built, nil
}

// bases are the images that a Dockerfile names, by what it calls them.
func (b Builder) bases(ctx context.Context, p Profile, images []from) (map[string]runtime.ImageInspection, error) {
	bases := map[string]runtime.ImageInspection{}
	for _, f := range images {
		found, err := b.Store.InspectImage(ctx, f.image)
		if errors.Is(err, runtime.ErrImageMissing) {
			return nil, fmt.Errorf("%s:%d: %s is not on the engine, and nothing is pulled unasked: %s",
				p.dockerfile(), f.line, f.image, wayTo(f.image))
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: look at %s: %w", p.dockerfile(), f.line, f.image, err)
		}
		bases[f.image] = found
	}
	return bases, nil
}

// wayTo says how to come by an image.
func wayTo(image string) string {
	name := nameOf(image)
	profile, derived := strings.CutPrefix(name, prefix)
	switch {
	case derived && !slices.Contains(reserved, profile):
		return "make it with `hal-controller images build " + profile + "`"
	case strings.HasPrefix(name, "hal/"):
		return "make it with `make images`"
	default:
		return "get it with `docker pull " + image + "`"
	}
}

// inputsOf begins a hash with the images; the context is written to it.
func inputsOf(images []from, bases map[string]runtime.ImageInspection) hash.Hash {
	h := sha256.New()
	for _, f := range images {
		fmt.Fprintln(h, f.image, bases[f.image].ID)
	}
	return h
}

// sumOf is short: it is there to tell versions of one profile apart.
func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil))[:16] }

// build sends the context, and makes sure that it is the one that the label tells of.
func (b Builder) build(ctx context.Context, s *source, labels map[string]string, sent hash.Hash) (string, error) {
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		// The hash first: the engine may not care to read the end of a tar.
		err := s.write(io.MultiWriter(sent, writer))
		_ = writer.CloseWithError(err)
		written <- err
	}()
	id, err := b.Store.BuildImage(ctx, runtime.BuildSpec{
		Context: reader, Labels: labels, Output: b.listener(s.dockerfile.steps),
	})
	if err != nil {
		err = fmt.Errorf("build %s: %w", s.path(dockerfileName), err)
	}
	_ = reader.Close()
	if writeErr := <-written; writeErr != nil && !errors.Is(writeErr, io.ErrClosedPipe) {
		err = writeErr
	}
	if err == nil && sumOf(sent) != labels[LabelInputs] {
		b.discard(ctx, id)
		err = fmt.Errorf("%s: %w", s.dir, errChanged)
	}
	return id, err
}

// accept gives an image its name if it is fit for a worker, and removes it if not.
func (b Builder) accept(ctx context.Context, p Profile, id string, base runtime.ImageInspection) error {
	built, err := b.Store.InspectImage(ctx, id)
	if err != nil {
		return fmt.Errorf("look at what was built of %s: %w", p.Dir(), err)
	}
	if err := fit(built, base); err != nil {
		b.discard(ctx, id)
		return fmt.Errorf("%s: %w", p.dockerfile(), err)
	}
	if err := b.Store.TagImage(ctx, id, p.Image()); err != nil {
		return fmt.Errorf("name the new image %s: %w", p.Image(), err)
	}
	return nil
}

// fit says why an image is none for workers. It has the last word over what was
// read in the Dockerfile.
func fit(built, base runtime.ImageInspection) error {
	shared := len(base.Layers)
	switch {
	case isRoot(built.User):
		return errors.New("the image would run as root; end the Dockerfile with USER claude")
	case len(built.Layers) < shared || !slices.Equal(built.Layers[:shared], base.Layers):
		return fmt.Errorf("the image does not build on %s: its layers are others", worker)
	default:
		return nil
	}
}

// discard removes a refused image. That it was refused is what matters, so an
// error of the removal is not told.
func (b Builder) discard(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardPatience)
	defer cancel()
	_ = b.Store.DiscardImage(ctx, id)
}
