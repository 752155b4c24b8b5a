package docker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"hal-controller/pkg/runtime"
)

// failure is an error that means the same to every call: the engine could not be
// reached, or something that is worth a retry.
func (e *Engine) failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case client.IsErrConnectionFailed(err), errdefs.IsUnavailable(err):
		return fmt.Errorf("%w at %s: %w", runtime.ErrUnavailable, e.endpoint, said{err})
	default:
		return said{err}
	}
}

// refusal is the engine's answer in the terms of package runtime.
func refusal(kind, err error) error { return fmt.Errorf("%w: %w", kind, said{err}) }

// said is an error of the engine without what the client puts before it: that
// the engine said it goes without saying.
type said struct{ error }

func (s said) Error() string {
	var request *url.Error
	if errors.As(s.error, &request) { // its address is of no use to a reader
		return request.Err.Error()
	}
	return strings.TrimPrefix(s.error.Error(), "Error response from daemon: ")
}

func (s said) Unwrap() error { return s.error }

// onContainer are the errors of a call on a container, which is missing when
// the engine finds nothing.
func (e *Engine) onContainer(err error) error {
	switch {
	case err == nil:
		return nil
	case errdefs.IsNotFound(err), beingRemoved(err):
		return refusal(runtime.ErrNotFound, err)
	case errdefs.IsInvalidArgument(err), errdefs.IsConflict(err):
		return refusal(runtime.ErrInvalid, err)
	default:
		return e.failure(err)
	}
}

// beingRemoved tells a container that is on its way out from other conflicts:
// the engine gives both the same status (seen with 20.10).
func beingRemoved(err error) bool {
	return errdefs.IsConflict(err) &&
		(strings.Contains(err.Error(), "marked for removal") || strings.Contains(err.Error(), "is already in progress"))
}
