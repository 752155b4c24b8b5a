package runtime

import (
	"bytes"
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"
)

// Sessions run commands in containers for somebody who is connected to them.
type Sessions interface {
	// OpenSession starts a command in a running container. ctx bounds the
	// opening and not the session, which the caller closes. ErrNotFound;
	// ErrInvalid for a container that does not run or is paused. A command that
	// cannot be run is no error: as in a shell, its output says why, and its exit
	// code is 126 or 127.
	OpenSession(ctx context.Context, id string, spec SessionSpec) (Session, error)
}

// SessionSpec is a command to run.
type SessionSpec struct {
	Command []string
	Env     []EnvVar // beside the container's own
	User    string   // empty: the container's
	WorkDir string   // empty: the container's
	// Terminal that the command runs on. Nil: none; its outputs are then apart.
	Terminal *TerminalSize
}

// TerminalSize is the size of a terminal in characters.
type TerminalSize struct {
	Rows uint16 `json:"rows"`
	Cols uint16 `json:"cols"`
}

// Session is a connection to a running command. Its methods may be called at the
// same time, each of the streams by one caller.
type Session interface {
	// Stdin is the command's input. Closing it is the end of the input; a
	// command on a terminal learns of the end by a character, and not so. A
	// write blocks while the command does not read.
	Stdin() io.WriteCloser
	// Stdout and Stderr are the command's outputs, to the end of the command. A
	// terminal is all Stdout. Both must be read: what nobody takes holds up both,
	// and in the end the command.
	Stdout() io.Reader
	Stderr() io.Reader
	// Resize tells the command's terminal its size.
	Resize(ctx context.Context, size TerminalSize) error
	// Signal sends a signal, as "TERM", to the command and the processes of its
	// group, as a terminal does. To a command that has ended it is no error.
	// ErrInvalid for what is no signal, and where the container has not got the
	// means.
	Signal(ctx context.Context, name string) error
	// Wait waits for the end of the command, whose outputs have been read to
	// their ends. Of one that a signal ended, the exit code is 128 and the
	// signal's number. After Detach an engine may not know any more.
	Wait(ctx context.Context) (exitCode int, err error)
	// Detach leaves the command to itself. Its output is lost from then on.
	Detach() error
	// Close ends the connection, and the command with it: like a terminal that
	// goes away it sends HUP and, to a command that is there five seconds later,
	// KILL; in a container without the means to signal it only ends the input. Processes that left the command's group, such as a tmux server,
	// go on. Repeating it, and closing after Detach, is harmless.
	Close() error
}

// Archives read files of containers without running anything in them.
type Archives interface {
	// Archive returns a tar of a path in a container of any state, whose entries
	// start with the path's last name. The caller closes it. ErrNotFound.
	Archive(ctx context.Context, id, path string) (io.ReadCloser, error)
}

// Run runs a command in a session to its end and returns its exit code. What it
// writes to its error output, up to 1 KiB, is returned beside.
func Run(ctx context.Context, s Sessions, id string, spec SessionSpec, stdin io.Reader, stdout io.Writer) (exit int, complaint string, err error) {
	session, err := s.OpenSession(ctx, id, spec)
	if err != nil {
		return 0, "", err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()
	var group errgroup.Group
	group.Go(func() error {
		// A command may end without reading it all.
		_, _ = io.Copy(session.Stdin(), stdin)
		return session.Stdin().Close()
	})
	var complaints bytes.Buffer
	group.Go(func() error {
		if _, err := io.CopyN(&complaints, session.Stderr(), maxComplaint); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		_, err := io.Copy(io.Discard, session.Stderr())
		return err
	})
	_, err = io.Copy(stdout, session.Stdout())
	if err != nil {
		_ = session.Close() // nobody takes the rest
	}
	if groupErr := group.Wait(); err == nil && groupErr != nil && ctx.Err() == nil {
		err = groupErr
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return 0, complaints.String(), err
	}
	exit, err = session.Wait(ctx)
	return exit, complaints.String(), err
}

// maxComplaint is how much Run keeps of a command's error output.
const maxComplaint = 1 << 10
