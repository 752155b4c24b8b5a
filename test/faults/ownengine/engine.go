package ownengine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Engine is one that may be ended and started again. Its methods are for one caller.
type Engine struct {
	dir     string
	netns   string
	options []string
	process *exec.Cmd
}

// Supported says, with an error, why no engine can be started here.
func Supported() error {
	if os.Geteuid() != 0 {
		return errors.New("only root can start an engine")
	}
	_, err := exec.LookPath("dockerd")
	return err
}

// New starts an engine with options of dockerd's, such as "--live-restore". It returns
// before the engine answers. The caller closes it, and first removes its containers.
func New(options ...string) (*Engine, error) {
	// Not in /tmp, which may be a file system that overlays cannot be put on.
	dir, err := os.MkdirTemp("/var/tmp", "hal-engine-")
	if err != nil {
		return nil, err
	}
	e := &Engine{dir: dir, netns: filepath.Base(dir), options: options}
	if err := errors.Join(ip("netns", "add", e.netns), ip("-netns", e.netns, "link", "set", "lo", "up"), e.Start()); err != nil {
		return nil, errors.Join(err, e.remove())
	}
	return e, nil
}

// Host is its address.
func (e *Engine) Host() string { return "unix://" + filepath.Join(e.dir, "docker.sock") }

// Inside is the command that another one is run under in the engine's network, where
// the addresses of its containers are.
func (e *Engine) Inside() []string { return []string{"nsenter", "--net=/run/netns/" + e.netns} }

// Log is what it has said.
func (e *Engine) Log() string {
	log, _ := os.ReadFile(e.path("log"))
	return string(log)
}

// Start starts an engine that has been ended. It returns before the engine answers.
func (e *Engine) Start() error {
	log, err := os.OpenFile(e.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// After a SIGKILL these name processes that have ended.
	for _, pid := range []string{"dockerd.pid", "exec/containerd/containerd.pid"} {
		_ = os.Remove(e.path(pid))
	}
	inside := e.Inside()
	e.process = exec.Command(inside[0], append([]string{
		inside[1], "dockerd", "--host=" + e.Host(), "--data-root=" + e.path("data"),
		"--exec-root=" + e.path("exec"), "--pidfile=" + e.path("dockerd.pid"),
	}, e.options...)...)
	e.process.Stdout, e.process.Stderr = log, log
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return e.process.Start()
}

// Stop ends it as an administrator does, with SIGTERM, or as a crash does, with
// SIGKILL. One that has ended is no error.
func (e *Engine) Stop(signal syscall.Signal) error {
	if e.process.ProcessState != nil {
		return nil
	}
	if err := e.process.Process.Signal(signal); err != nil {
		return fmt.Errorf("end the engine in %s: %w", e.dir, err)
	}
	_ = e.process.Wait() // the signal ended it
	return nil
}

// Close ends it for good and removes its files.
func (e *Engine) Close() error { return errors.Join(e.Stop(unix.SIGTERM), e.remove()) }

func (e *Engine) remove() error {
	// An engine that was killed leaves its mounts, and containers of one that keeps
	// them their namespaces.
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for _, line := range slices.Backward(strings.Split(string(mounts), "\n")) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], e.dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH) // one within another may have gone with it
		}
	}
	return errors.Join(ip("netns", "delete", e.netns), os.RemoveAll(e.dir))
}

func (e *Engine) path(name string) string { return filepath.Join(e.dir, name) }

func ip(args ...string) error {
	output, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, output)
	}
	return nil
}
