package bind

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Appears says whether a process, a worker's first one, has the open directory
// source at this path. After a Bind it does, unless the container started before
// its slots were a shared mount, or the controller has a mount namespace of its
// own, as some settings of systemd give it (PrivateTmp, ProtectSystem): Bind can
// notice neither. An error that is fs.ErrNotExist if the process has ended.
func Appears(pid int, target string, source *os.File) (bool, error) {
	root, err := openPlace(unix.AT_FDCWD, fmt.Sprintf("/proc/%d/root", pid), 0)
	if err != nil {
		return false, fmt.Errorf("look at the files of process %d: %w", pid, err)
	}
	defer func() { _ = unix.Close(root) }()
	// The links in a container are its own, and mean its own files.
	fd, err := openPlace(root, target, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %s of process %d: %w", target, pid, err)
	}
	there := os.NewFile(uintptr(fd), target)
	defer func() { _ = there.Close() }()
	found, err := there.Stat()
	if err != nil {
		return false, fmt.Errorf("look at %s of process %d: %w", target, pid, err)
	}
	wanted, err := source.Stat()
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", source.Name(), err)
	}
	return os.SameFile(found, wanted), nil
}
