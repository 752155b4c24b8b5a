package fake

import (
	"context"
	"fmt"
	"strings"

	"hal-controller/pkg/runtime"
)

// outputKept is how much of a command's output is kept, in bytes.
const outputKept = 4 << 10

// OnExec sets what commands come to; without it each exits 0 and says nothing.
// A hook that blocks is a command that hangs: Exec still ends with its context.
func (r *Runtime) OnExec(hook func(c runtime.Container, command []string) runtime.ExecResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.exec = hook
}

// Exec implements runtime.Containers.
func (r *Runtime) Exec(ctx context.Context, id string, command []string) (runtime.ExecResult, error) {
	var (
		hook func(runtime.Container, []string) runtime.ExecResult
		in   runtime.Container
	)
	call := r.on("exec", id)
	call.Detail = strings.Join(command, " ")
	err := r.do(ctx, call, func() error {
		c, err := r.find(id)
		if err != nil {
			return err
		}
		if c.State != runtime.StateRunning {
			return fmt.Errorf("%w: container %q is %s", runtime.ErrInvalid, c.Name, c.State)
		}
		hook, in = r.hooks.exec, copyContainer(c.Container)
		return nil
	})
	if err != nil || hook == nil {
		return runtime.ExecResult{}, err
	}
	result := make(chan runtime.ExecResult, 1)
	go func() { result <- hook(in, command) }()
	select {
	case done := <-result:
		done.Output = done.Output[max(0, len(done.Output)-outputKept):]
		return done, nil
	case <-ctx.Done():
		return runtime.ExecResult{}, ctx.Err()
	}
}
