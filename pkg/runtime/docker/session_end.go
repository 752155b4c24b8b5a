package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sys/unix"

	"hal-controller/pkg/runtime"
)

const (
	// killGroup sends a signal to a process group. Every shell has a kill of its
	// own: the program may be missing.
	killGroup = `kill -s "$2" -- "-$1"`
	// hangUp is a terminal that goes away: it wakes what is stopped, so that it
	// hears of it. After five seconds it is no request any more. All of it is one
	// command: begun once, it is finished even without a controller.
	hangUp = `group=$1
kill -s HUP -- "-$group" 2>/dev/null || exit 0
kill -s CONT -- "-$group" 2>/dev/null
for pause in 0.1 0.4 0.5 1 1 1 1; do
	sleep "$pause" || sleep 1
	kill -s 0 "$group" || exit 0
done 2>/dev/null
kill -s KILL -- "-$group"`
	// closeWithin bounds what Close asks of the engine, the grace included.
	closeWithin = 20 * time.Second
	// endPoll and slowPoll are the least and the most time between two looks at
	// whether a command has ended.
	endPoll  = 5 * time.Millisecond
	slowPoll = 200 * time.Millisecond
)

func (s *session) Signal(ctx context.Context, name string) error {
	if unix.SignalNum("SIG"+name) == 0 {
		return fmt.Errorf("%w: there is no signal %q", runtime.ErrInvalid, name)
	}
	if running, err := s.running(ctx); err != nil || !running {
		return err
	}
	return s.kill(ctx, name)
}

func (s *session) kill(ctx context.Context, name string) error {
	killed, err := s.script(ctx, killGroup, name)
	if err != nil {
		return fmt.Errorf("send %s to a command: %w", name, err)
	}
	if killed.ExitCode == 0 {
		return nil
	}
	if running, err := s.running(ctx); err != nil || !running {
		return err // it has ended by itself meanwhile
	}
	return fmt.Errorf("send %s to a command: %s", name, strings.TrimSpace(killed.Output))
}

// script runs a shell's words on the command's process group, as its user: the
// root of a container without capabilities may not send signals to others.
func (s *session) script(ctx context.Context, script string, words ...string) (runtime.ExecResult, error) {
	if s.pid == "" {
		return runtime.ExecResult{}, fmt.Errorf("%w: the container has no %s to do it with", runtime.ErrInvalid, shell)
	}
	return s.engine.exec(ctx, s.container, container.ExecOptions{
		Cmd:  append([]string{shell, "-c", script, "sh", s.pid}, words...),
		User: s.user,
	})
}

func (s *session) Wait(ctx context.Context) (int, error) {
	for pause := endPoll; ; pause = min(2*pause, slowPoll) {
		exec, err := s.engine.client.ContainerExecInspect(ctx, s.exec)
		if err != nil {
			return 0, s.engine.onContainer(err)
		}
		if !exec.Running {
			return exec.ExitCode, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (s *session) running(ctx context.Context) (bool, error) {
	exec, err := s.engine.client.ContainerExecInspect(ctx, s.exec)
	if err != nil {
		return false, s.engine.onContainer(err)
	}
	return exec.Running, nil
}

func (s *session) Detach() error {
	s.ending.Do(s.stream.Close)
	return nil
}

func (s *session) Close() error {
	var err error
	s.ending.Do(func() { err = s.end() })
	return err
}

// end closes the connection and ends the command; one that is gone with its
// container has ended. The engine is asked while the connection is there: without,
// it takes a command that still writes for ended, with 126 (seen with 20.10).
func (s *session) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	running, err := s.running(ctx)
	s.stream.Close()
	if s.pid == "" || err == nil && !running {
		return nil
	}
	if _, err = s.script(ctx, hangUp); errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hang up on a command: %w", err)
	}
	return nil
}
