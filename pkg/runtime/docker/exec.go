package docker

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"hal-controller/pkg/runtime"
)

const (
	// outputKept is how much of a command's output is kept, in bytes.
	outputKept = 4 << 10
	// execPoll is how often to ask for an exit code that is not there yet: the
	// streams end a moment before the engine has noted it.
	execPoll = 5 * time.Millisecond
)

// Exec implements runtime.Containers. ErrNotFound; ErrInvalid for a container
// that does not run or is paused.
func (e *Engine) Exec(ctx context.Context, id string, command []string) (runtime.ExecResult, error) {
	return e.exec(ctx, id, container.ExecOptions{Cmd: command})
}

// exec runs a command with the options given, its output attached.
func (e *Engine) exec(ctx context.Context, id string, options container.ExecOptions) (runtime.ExecResult, error) {
	options.AttachStdout, options.AttachStderr = true, true
	created, err := e.client.ContainerExecCreate(ctx, id, options)
	if err != nil {
		return runtime.ExecResult{}, e.onContainer(err)
	}
	stream, err := e.client.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return runtime.ExecResult{}, e.onContainer(err)
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)() // the stream knows nothing of ctx
	var output tail
	_, err = stdcopy.StdCopy(&output, &output, stream.Reader)
	if ctx.Err() != nil {
		return runtime.ExecResult{}, ctx.Err()
	}
	if err != nil {
		return runtime.ExecResult{}, e.failure(err)
	}
	code, err := e.exitCode(ctx, created.ID)
	if err != nil {
		return runtime.ExecResult{}, err
	}
	return runtime.ExecResult{ExitCode: code, Output: string(output)}, nil
}

func (e *Engine) exitCode(ctx context.Context, execID string) (int, error) {
	for {
		exec, err := e.client.ContainerExecInspect(ctx, execID)
		if err != nil {
			return 0, e.onContainer(err)
		}
		if !exec.Running {
			return exec.ExitCode, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(execPoll):
		}
	}
}

// tail keeps the last of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	if over := len(*t) - outputKept; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}
