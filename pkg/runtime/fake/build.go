package fake

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"hal-controller/pkg/runtime"
)

// OnBuild sets what the instructions of builds come to, but for FROM, which
// always works where the image is there. Without it each works and says nothing.
// A hook that blocks is a command that hangs: BuildImage still ends with its context.
func (r *Runtime) OnBuild(hook func(instruction string) (output string, err error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.build = hook
}

// BuildImage implements runtime.ImageStore for Dockerfiles of one stage with one
// instruction a line. It never pulls.
func (r *Runtime) BuildImage(ctx context.Context, spec runtime.BuildSpec) (id string, err error) {
	files, err := filesOf(spec.Context)
	if err != nil {
		return "", err
	}
	instructions := instructionsOf(files["Dockerfile"])
	_, ref, _ := strings.Cut(instructions[0], " ")
	var built image
	var hook func(string) (string, error)
	err = r.do(ctx, Call{Method: "build image", Name: ref}, func() error {
		base, err := r.image(ref)
		built.User, built.Layers, built.Labels = base.User, slices.Clone(base.Layers), maps.Clone(base.Labels)
		hook = r.hooks.build
		return err
	})
	if err != nil {
		return "", err
	}
	tell := spec.Output
	if tell == nil {
		tell = func(string) {}
	}
	for n, instruction := range instructions {
		tell(fmt.Sprintf("Step %d/%d : %s", n+1, len(instructions), instruction))
		if n > 0 && hook != nil {
			if err := play(ctx, hook, instruction, tell); err != nil {
				return "", err
			}
		}
		built.take(instruction)
	}
	if built.Labels == nil {
		built.Labels = map[string]string{}
	}
	maps.Copy(built.Labels, spec.Labels)
	built.files = files
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newImage(built), nil
}

// play runs one instruction until its end, or that of ctx.
func play(ctx context.Context, hook func(string) (string, error), instruction string, tell func(string)) error {
	type result struct {
		output string
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		output, err := hook(instruction)
		ended <- result{output, err}
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case done := <-ended:
		for line := range strings.Lines(done.output) {
			tell(strings.TrimSuffix(line, "\n"))
		}
		if done.err != nil {
			return fmt.Errorf("%w: %w", runtime.ErrInvalid, done.err)
		}
		return nil
	}
}

// take has an instruction's effect on the image.
func (i *image) take(instruction string) {
	switch word, rest, _ := strings.Cut(instruction, " "); word {
	case "USER":
		i.User = rest
	case "RUN", "COPY", "ADD":
		i.Layers = append(i.Layers, "layer of "+instruction)
	}
}

func instructionsOf(dockerfile string) []string {
	instructions := []string{}
	for line := range strings.Lines(dockerfile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			instructions = append(instructions, line)
		}
	}
	return instructions
}

func filesOf(context io.Reader) (map[string]string, error) {
	files := map[string]string{}
	for archive := tar.NewReader(context); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files[header.Name] = string(content)
	}
	if len(instructionsOf(files["Dockerfile"])) == 0 {
		return nil, fmt.Errorf("%w: the Dockerfile is missing or empty", runtime.ErrInvalid)
	}
	return files, nil
}
