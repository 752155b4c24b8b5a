package state

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Lock is the right to be the controller of one instance on one engine. It
// lasts until Release or the end of the process, however that comes.
type Lock struct{ listener *net.UnixListener }

// HeldError says that another process has the lock.
type HeldError struct {
	Engine, Instance string
	PID              int
	UID              int
	Command          string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("instance %q of this engine has a controller already: process %d of user %d (%s); end that one, or use --instance for pools of your own",
		e.Instance, e.PID, e.UID, e.Command)
}

// Acquire takes the lock for an instance on the engine with this id. A
// *HeldError when another process has it.
//
// It is a listening socket in Linux's abstract name space: the kernel lets one
// process have a name, takes it back when the process ends in any way, needs no
// directory that all users can write to, and tells who has it. It reaches as far
// as the network name space: controllers on two hosts do not see each other.
func Acquire(engine, instance string) (*Lock, error) {
	address := lockName(engine, instance)
	listener, err := net.ListenUnix("unix", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, holder(engine, instance, address)
	}
	if err != nil {
		return nil, fmt.Errorf("take the lock of instance %q: %w", instance, err)
	}
	go greet(listener)
	return &Lock{listener}, nil
}

// greet ends each connection at once: who connects has learnt who listens, and
// connections that nobody accepts would fill the listener's queue.
func greet(listener *net.UnixListener) {
	for {
		connection, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		_ = connection.Close()
	}
}

// Holder says who has the lock of an instance, without taking it.
func Holder(engine, instance string) (held *HeldError, yes bool) {
	address := lockName(engine, instance)
	connection, err := net.DialUnix("unix", nil, address)
	if err != nil {
		return nil, false //nolint:nilerr // nobody listens: nobody has it
	}
	_ = connection.Close()
	return holder(engine, instance, address), true
}

func lockName(engine, instance string) *net.UnixAddr {
	return &net.UnixAddr{Net: "unix", Name: "@hal-controller/" + engine + "/" + instance}
}

// Release gives the lock up.
func (l *Lock) Release() error { return l.listener.Close() }

func holder(engine, instance string, address *net.UnixAddr) *HeldError {
	held := &HeldError{Engine: engine, Instance: instance, Command: "unknown"}
	connection, err := net.DialUnix("unix", nil, address)
	if err != nil {
		return held
	}
	defer connection.Close()
	raw, err := connection.SyscallConn()
	if err != nil {
		return held
	}
	_ = raw.Control(func(fd uintptr) {
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			held.PID, held.UID = int(peer.Pid), int(peer.Uid)
		}
	})
	if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", held.PID)); err == nil {
		held.Command = strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))
	}
	return held
}
