//go:build e2e

package faults_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// daemon is the controller under a supervisor, which starts it again when it ends,
// as a service manager does.
type daemon struct {
	command func() *exec.Cmd
	cancel  context.CancelFunc
	ended   chan struct{}

	mu      sync.Mutex
	process *os.Process
	started int
}

// startAgainAfter is short: that time is none of the controller's.
const startAgainAfter = 100 * time.Millisecond

func supervise(command func() *exec.Cmd) *daemon {
	ctx, cancel := context.WithCancel(context.Background())
	d := &daemon{command: command, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(d.ended)
		for ctx.Err() == nil {
			d.once(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(startAgainAfter):
			}
		}
	}()
	return d
}

// once runs the controller until it ends, or kills it when ctx does.
func (d *daemon) once(ctx context.Context) {
	c := d.command()
	if c.Start() != nil {
		return // the binary is being made anew: the next start is soon
	}
	d.mu.Lock()
	d.process = c.Process
	d.started++
	d.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	_ = c.Wait() // how it ended does not matter: it is started again
}

// restart ends the controller as a service manager does: asked first, then killed.
func (d *daemon) restart() {
	d.mu.Lock()
	process, was := d.process, d.started
	d.mu.Unlock()
	_ = process.Signal(syscall.SIGTERM) // one that has ended is being started again
	for deadline := time.Now().Add(5 * time.Second); d.starts() == was; {
		if time.Now().After(deadline) {
			_ = process.Kill()
		}
		time.Sleep(startAgainAfter / 10)
	}
}

func (d *daemon) starts() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started
}

// kill ends the controller for good.
func (d *daemon) kill() {
	d.cancel()
	<-d.ended
}

// pid is that of the process that runs now, or ran last.
func (d *daemon) pid() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.process.Pid
}
