package fake

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/runtime"
)

var _ runtime.Sessions = (*Runtime)(nil)

// Process is the command of a session as a test plays it.
type Process struct {
	Container runtime.Container
	Spec      runtime.SessionSpec
	Stdin     io.Reader
	// Stdout and Stderr block until they are read, as pipes do.
	Stdout, Stderr io.Writer
	// Signals are those that Catch named.
	Signals <-chan string
	// Sizes are those that the terminal gets while the command runs. What is not
	// taken is replaced by what comes next.
	Sizes <-chan runtime.TerminalSize

	session *session
}

// Catch has signals delivered to Signals, which otherwise end the command.
func (p *Process) Catch(names ...string) {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	p.session.caught = append(p.session.caught, names...)
}

// OnSession sets what plays the commands of sessions, and returns their exit
// codes; without it each exits 0 and says nothing. ctx ends when a signal ends
// the command, whose code is then of that signal.
func (r *Runtime) OnSession(hook func(ctx context.Context, p *Process) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.session = hook
}

// OpenSession implements runtime.Sessions.
func (r *Runtime) OpenSession(ctx context.Context, id string, spec runtime.SessionSpec) (runtime.Session, error) {
	var (
		hook func(context.Context, *Process) int
		c    *container
		in   runtime.Container
	)
	call := r.on("session", id)
	call.Detail = strings.Join(spec.Command, " ")
	err := r.do(ctx, call, func() (err error) {
		if len(spec.Command) == 0 {
			return fmt.Errorf("%w: no command", runtime.ErrInvalid)
		}
		if c, err = r.find(id); err != nil {
			return err
		}
		if c.State != runtime.StateRunning {
			return fmt.Errorf("%w: container %q is %s", runtime.ErrInvalid, c.Name, c.State)
		}
		hook, in = r.hooks.session, copyContainer(c.Container)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := begin(in, spec, hook)
	go r.endWith(c, s)
	return s, nil
}

// Play makes a session without an engine: hook is as for OnSession.
func Play(spec runtime.SessionSpec, hook func(ctx context.Context, p *Process) int) runtime.Session {
	return begin(runtime.Container{}, spec, hook)
}

// begin has the command played; without a hook it exits 0 at once.
func begin(in runtime.Container, spec runtime.SessionSpec, hook func(context.Context, *Process) int) *session {
	ctx, cancel := context.WithCancel(context.Background())
	s := newSession(spec, cancel)
	process := &Process{
		Container: in, Spec: spec, Stdin: s.inReader, Stdout: s.outWriter, Stderr: s.errWriter,
		Signals: s.signals, Sizes: s.sizes, session: s,
	}
	go func() {
		if hook == nil {
			s.end(0)
			return
		}
		s.end(hook(ctx, process))
	}()
	return s
}

// endWith ends a session when its container does.
func (r *Runtime) endWith(c *container, s *session) {
	for {
		r.mu.Lock()
		running, changed := c.running(), c.changed
		r.mu.Unlock()
		if !running {
			s.end(128 + int(unix.SIGKILL))
			return
		}
		select {
		case <-changed:
		case <-s.ended:
			return
		}
	}
}
