package fake

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/runtime"
)

// session implements runtime.Session.
type session struct {
	inReader             *io.PipeReader
	inWriter             *io.PipeWriter
	outReader, errReader *io.PipeReader
	outWriter, errWriter *io.PipeWriter
	signals              chan string
	sizes                chan runtime.TerminalSize
	ended                chan struct{}

	cancel context.CancelFunc // of the command's context

	mu       sync.Mutex
	caught   []string
	code     int
	over     bool // whatever the command itself comes to
	detached bool
}

func newSession(spec runtime.SessionSpec, cancel context.CancelFunc) *session {
	s := &session{
		cancel: cancel, ended: make(chan struct{}),
		signals: make(chan string, 16), sizes: make(chan runtime.TerminalSize, 1),
	}
	s.inReader, s.inWriter = io.Pipe()
	s.outReader, s.outWriter = io.Pipe()
	s.errReader, s.errWriter = io.Pipe()
	if spec.Terminal != nil {
		_ = s.errWriter.Close()
		s.errWriter = s.outWriter
	}
	return s
}

// end is the end of the command, of which the first cause counts.
func (s *session) end(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over, s.code = true, code
	s.cancel()
	close(s.ended)
	_ = s.inReader.CloseWithError(io.ErrClosedPipe)
	_ = s.outWriter.Close()
	_ = s.errWriter.Close()
}

func (s *session) Stdin() io.WriteCloser { return s.inWriter }
func (s *session) Stdout() io.Reader     { return s.outReader }
func (s *session) Stderr() io.Reader     { return s.errReader }

func (s *session) Resize(ctx context.Context, size runtime.TerminalSize) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.sizes:
	default:
	}
	s.sizes <- size
	return nil
}

func (s *session) Signal(ctx context.Context, name string) error {
	number := unix.SignalNum("SIG" + name)
	if number == 0 {
		return fmt.Errorf("%w: there is no signal %q", runtime.ErrInvalid, name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.catches(name) {
		select {
		case s.signals <- name:
		default: // so many that are not looked at are as good as one
		}
		return nil
	}
	s.end(128 + int(number))
	return nil
}

func (s *session) catches(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.caught, name)
}

func (s *session) Wait(ctx context.Context) (int, error) {
	select {
	case <-s.ended:
		return s.code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (s *session) Detach() error {
	s.mu.Lock()
	s.detached = true
	s.mu.Unlock()
	s.disconnect()
	return nil
}

// disconnect takes the streams away; the command's output goes nowhere.
func (s *session) disconnect() {
	_ = s.inWriter.Close()
	go func() { _, _ = io.Copy(io.Discard, s.outReader) }()
	go func() { _, _ = io.Copy(io.Discard, s.errReader) }()
}

// Close has no grace: what catches HUP, is killed.
func (s *session) Close() error {
	s.mu.Lock()
	detached := s.detached
	s.mu.Unlock()
	if detached {
		return nil
	}
	s.disconnect()
	_ = s.Signal(context.Background(), "HUP") // it is one
	s.end(128 + int(unix.SIGKILL))
	return nil
}
