package docker

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"

	"hal-controller/pkg/runtime"
)

var _ runtime.Sessions = (*Engine)(nil)

// The engine has no call to signal a command, and leaves one running whose
// connection has ended. The process id that it tells is the host's, of no use
// inside and, with a remote engine, anywhere. So a shell goes first, tells its
// process id in a line of its own, and becomes the command. runc gives each
// command a session of its own, so that this is the id of its group, too.
//
// A terminal has no size at first, and a resize comes when the command has begun:
// where there is an stty, the command finds the right size from its beginning.
const (
	shell     = "/bin/sh"
	announce  = `echo "` + mark + `$$"; exec "$@"`
	sizeFirst = `stty rows "$1" cols "$2" 2>/dev/null; shift 2; ` + announce
	mark      = "hal-session "
)

// unusedKeys is for the engine to detach on: it cannot be told to have no such
// keys, and those it has otherwise are for the client to know. The first of them,
// ctrl-^, is held back until the next key.
const unusedKeys = "ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@"

// abandonWithin is how long a session that nobody waits for any more has to open.
const abandonWithin = 10 * time.Second

// OpenSession implements runtime.Sessions. Signals need a /bin/sh in the
// container; without one the command runs all the same.
func (e *Engine) OpenSession(ctx context.Context, id string, spec runtime.SessionSpec) (runtime.Session, error) {
	if len(spec.Command) == 0 {
		return nil, fmt.Errorf("%w: no command", runtime.ErrInvalid)
	}
	s, err := e.attach(ctx, id, spec, announced(spec))
	if err != nil {
		return nil, err
	}
	known, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	if known {
		return s, s.fit(ctx, spec.Terminal)
	}
	// No shell came so far as to become the command: it has not been run yet.
	s.stream.Close()
	if s, err = e.attach(ctx, id, spec, spec.Command); err != nil {
		return nil, err
	}
	s.demultiplex(nil, nil)
	return s, s.fit(ctx, spec.Terminal)
}

// announced is the command behind the shell that becomes it.
func announced(spec runtime.SessionSpec) []string {
	command := []string{shell, "-c", announce, "sh"}
	if size := spec.Terminal; size != nil {
		command = []string{shell, "-c", sizeFirst, "sh", strconv.Itoa(int(size.Rows)), strconv.Itoa(int(size.Cols))}
	}
	return append(command, spec.Command...)
}

// attach starts a command with all streams attached.
func (e *Engine) attach(ctx context.Context, id string, spec runtime.SessionSpec, command []string) (*session, error) {
	options := container.ExecOptions{
		Cmd: command, User: spec.User, WorkingDir: spec.WorkDir,
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Tty: spec.Terminal != nil, DetachKeys: unusedKeys, Env: envOf(spec.Env),
	}
	created, err := e.client.ContainerExecCreate(ctx, id, options)
	if err != nil {
		return nil, e.onContainer(err)
	}
	stream, err := e.client.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{Tty: spec.Terminal != nil})
	if err != nil {
		return nil, e.onContainer(err)
	}
	return &session{
		engine: e, container: id, exec: created.ID, user: spec.User, tty: spec.Terminal != nil, stream: stream,
	}, nil
}

// session implements runtime.Session.
type session struct {
	engine    *Engine
	container string
	exec      string
	user      string
	tty       bool
	stream    types.HijackedResponse
	pid       string // in the container; "" where nobody told it

	stdout, stderr io.Reader
	ending         sync.Once
}

// begin reads up to the word of who the command is, and says whether it came. An
// end of ctx ends what has begun, too.
func (s *session) begin(ctx context.Context) (known bool, err error) {
	type beginning struct {
		pid            string
		stdout, stderr []byte
		err            error
	}
	begun := make(chan beginning, 1)
	go func() {
		var b beginning
		b.pid, b.stdout, b.stderr, b.err = readAnnouncement(s.stream.Reader, s.tty)
		begun <- b
	}()
	select {
	case b := <-begun:
		if b.err != nil {
			s.stream.Close()
			return false, s.engine.failure(b.err)
		}
		s.pid = b.pid
		s.demultiplex(b.stdout, b.stderr)
		return s.pid != "", nil
	case <-ctx.Done():
		go func() {
			defer time.AfterFunc(abandonWithin, s.stream.Close).Stop()
			s.pid = (<-begun).pid
			_ = s.Close()
		}()
		return false, ctx.Err()
	}
}

// fit gives the terminal its size where no stty has. A command that is over
// already has no more use for one.
func (s *session) fit(ctx context.Context, size *runtime.TerminalSize) error {
	if size == nil {
		return nil
	}
	err := s.Resize(ctx, *size)
	if err == nil {
		return nil
	}
	if running, lookErr := s.running(ctx); lookErr == nil && !running {
		return nil
	}
	go func() { _ = s.Close() }()
	return err
}

func (s *session) Stdin() io.WriteCloser { return stdin{s.stream} }
func (s *session) Stdout() io.Reader     { return s.stdout }
func (s *session) Stderr() io.Reader     { return s.stderr }

// stdin is the writing half of the connection.
type stdin struct{ stream types.HijackedResponse }

func (i stdin) Write(p []byte) (int, error) { return i.stream.Conn.Write(p) }
func (i stdin) Close() error                { return i.stream.CloseWrite() }

func (s *session) Resize(ctx context.Context, size runtime.TerminalSize) error {
	return s.engine.onContainer(s.engine.client.ContainerExecResize(ctx, s.exec, container.ResizeOptions{
		Height: uint(size.Rows), Width: uint(size.Cols),
	}))
}
