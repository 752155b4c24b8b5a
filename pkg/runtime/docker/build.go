package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"

	"hal-controller/pkg/runtime"
)

// BuildImage implements runtime.ImageStore with the engine's classic builder,
// the one that every supported engine has and that needs no session beside the
// request. It stops when the request ends.
func (e *Engine) BuildImage(ctx context.Context, spec runtime.BuildSpec) (string, error) {
	response, err := e.client.ImageBuild(ctx, spec.Context, build.ImageBuildOptions{
		Version: build.BuilderV1, Labels: spec.Labels, Remove: true, ForceRemove: true,
	})
	switch {
	case errdefs.IsInvalidArgument(err): // a Dockerfile that cannot be read
		return "", refusal(runtime.ErrInvalid, err)
	case err != nil:
		return "", e.failure(err)
	}
	defer response.Body.Close()
	id, err := buildResult(response.Body, spec.Output)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return id, err
}

// buildResult reads the engine's messages to their end, where the id or an error
// is: the status line was sent before the work began.
func buildResult(body io.Reader, each func(line string)) (id string, err error) {
	lines := &lineWriter{each: each}
	defer lines.end()
	for decoder := json.NewDecoder(body); ; {
		var message struct {
			Stream string
			Error  string
			Aux    struct{ ID string }
		}
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF) && id == "":
			return "", errors.New("the engine ended the build without a result")
		case errors.Is(err, io.EOF):
			return id, nil
		case err != nil:
			return "", fmt.Errorf("the engine's account of the build broke off: %w", err)
		case message.Error != "":
			return "", refusal(runtime.ErrInvalid, errors.New(message.Error))
		}
		lines.write(message.Stream)
		if message.Aux.ID != "" {
			id = message.Aux.ID
		}
	}
}

// longestLine is how much of a line without an end is kept, in bytes.
const longestLine = 64 << 10

// lineWriter cuts into lines what comes in pieces that are none.
type lineWriter struct {
	each func(string)
	rest []byte
}

func (l *lineWriter) write(text string) {
	l.rest = append(l.rest, text...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			break
		}
		l.tell(line)
		l.rest = rest
	}
	if len(l.rest) > longestLine {
		l.end()
	}
}

// end tells what there is of a last line.
func (l *lineWriter) end() {
	if len(l.rest) > 0 {
		l.tell(l.rest)
	}
	l.rest = nil
}

// uncoloured takes off what the builder puts around output on standard error.
var uncoloured = strings.NewReplacer("\x1b[91m", "", "\x1b[0m", "")

func (l *lineWriter) tell(line []byte) {
	if l.each != nil {
		l.each(strings.TrimSuffix(uncoloured.Replace(string(line)), "\r"))
	}
}
