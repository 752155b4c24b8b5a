package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/api"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/state"
)

// hostChecks look at this machine and the daemon on it. engineID is "" where it
// is not known.
func (a *app) hostChecks(ctx context.Context, engineID string) []check {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	checks := []check{ownBinaryCheck(), stateDirCheck(a.stateDirectory()), inotifyCheck()}
	info, err := a.client().Info(ctx)
	checks = append(checks, daemonCheck(info, err, a.socketPath()))
	if err != nil && engineID != "" {
		checks = append(checks, lockCheck(engineID, a.instance))
	}
	return checks
}

// daemonCheck judges what the socket has answered.
func daemonCheck(info api.Info, err error, socket string) check {
	const name = "daemon"
	switch {
	case errors.Is(err, api.ErrNoDaemon):
		return passed(name, "none runs at "+socket)
	case err != nil:
		return failed(name, err.Error(), "see its log, or start it again")
	case info.Version != version:
		return warning(name, fmt.Sprintf("process %d is version %s, and this is %s", info.PID, info.Version, version), "start it again with this binary, or use its own")
	default:
		return passed(name, fmt.Sprintf("process %d, version %s, on %s", info.PID, info.Version, info.Source))
	}
}

// lockCheck finds a controller that does not answer at the socket.
func lockCheck(engineID, instance string) check {
	const name = "lock"
	if held, yes := state.Holder(engineID, instance); yes {
		return warning(name, fmt.Sprintf("process %d of user %d (%s) controls instance %q, and does not answer at the socket", held.PID, held.UID, held.Command, instance),
			"use its --socket, or end it")
	}
	return passed(name, fmt.Sprintf("nobody controls instance %q", instance))
}

// accessCheck says whether this user may use the engine's socket.
func accessCheck(endpoint docker.Endpoint) check {
	const name = "access"
	path, local := strings.CutPrefix(endpoint.Host, "unix://")
	if !local {
		return passed(name, "the endpoint is no socket of this machine")
	}
	err := unix.Access(path, unix.R_OK|unix.W_OK)
	switch {
	case errors.Is(err, unix.EACCES):
		return failed(name, "no permission to use "+path, groupFix(path))
	case err != nil:
		return failed(name, path+": "+err.Error(), "start the engine, or choose another with --host or --context")
	default:
		return passed(name, "this user may use "+path)
	}
}

// groupFix is how a user gets to use a socket that a group owns.
func groupFix(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "run this as root"
	}
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	if !isUnix || owner.Gid == 0 {
		return "run this as root"
	}
	group := strconv.Itoa(int(owner.Gid))
	if known, err := user.LookupGroupId(group); err == nil {
		group = known.Name
	}
	return fmt.Sprintf("become a member of its group and log in again: sudo usermod -aG %s $USER; members are as good as root", group)
}

// stateDirCheck says whether the state directory can be written, or made.
func stateDirCheck(dir string) check {
	const name = "state directory"
	at := dir
	for {
		err := unix.Access(at, unix.W_OK)
		switch parent := filepath.Dir(at); {
		case err == nil && at == dir:
			return passed(name, dir)
		case err == nil:
			return passed(name, dir+" is made when it is first needed")
		case errors.Is(err, unix.ENOENT) && parent != at:
			at = parent
		default:
			return failed(name, fmt.Sprintf("%s cannot be written: %v", at, err), "choose another with --state-dir")
		}
	}
}

// inotifyCheck tries whether manifests can be watched.
func inotifyCheck() check {
	const name = "file watching"
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return failed(name, fmt.Sprintf("no inotify instance can be had: %v", err), "sudo sysctl fs.inotify.max_user_instances=1024")
	}
	_ = unix.Close(fd)
	return passed(name, "an inotify instance can be had")
}

// ownBinaryCheck says whether this program can be the only file of an image.
func ownBinaryCheck() check {
	const name = "this binary"
	path, err := os.Executable()
	if err != nil {
		return failed(name, err.Error(), "start it by its path")
	}
	file, err := elf.Open(path)
	if err != nil {
		return failed(name, err.Error(), "sandboxes need a Linux binary: make one with `make build`")
	}
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return warning(name, path+" is linked dynamically: the pause image cannot be made from it", "make a static one with `make build`")
		}
	}
	return passed(name, fmt.Sprintf("%s, version %s, static", path, version))
}
