package bind

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// ErrUnsupported says that directories cannot be bound into running containers
// here; the error around it says why. Copy them instead.
var ErrUnsupported = errors.New("cannot bind directories into running containers")

// Open makes dir, if need be, and makes it a mount of its own that is shared:
// what is mounted below it later appears in every container that has a part of
// it with rslave propagation. Of the mounts around it nothing changes, be they
// private or shared.
//
// A mount that an earlier run left is used again, with all that is bound below
// it. Containers that started while dir was no shared mount see nothing of what
// is bound later: so after a reboot, Open comes first.
func Open(dir string) (*Slots, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: that needs root, and this is user %d", ErrUnsupported, os.Geteuid())
	}
	dir, err := makeRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("make the directory of the slots: %w", err)
	}
	if err := share(dir); err != nil {
		return nil, unsupported(dir, err)
	}
	root, err := openPlace(unix.AT_FDCWD, dir, unix.RESOLVE_NO_SYMLINKS)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the slots: %w", err)
	}
	return &Slots{dir: dir, root: os.NewFile(uintptr(root), dir)}, nil
}

// makeRoot makes the directory of the slots and resolves its path. Others than
// root may go through it, to a slot whose path they know; they cannot list it.
func makeRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// share makes dir a shared mount, if it is not one already.
func share(dir string) error {
	found, err := mounts(dir)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return mountShared(dir)
	}
	if isShared(found[len(found)-1]) {
		return nil
	}
	return unix.MountSetattr(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW, &unix.MountAttr{Propagation: unix.MS_SHARED})
}

// mountShared mounts dir on itself. It is made private before it is made shared
// because a copy of a shared mount is that one's peer: each bind would be
// mounted a second time, below this mount.
func mountShared(dir string) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(tree) }()
	for _, propagation := range []uint64{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Propagation: propagation}); err != nil {
			return err
		}
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func isShared(m *mountinfo.Info) bool { return strings.Contains(m.Optional, "shared:") }

// unsupported says why dir could not be made a shared mount.
func unsupported(dir string, err error) error {
	switch {
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("%w: the kernel is older than Linux 5.12", ErrUnsupported)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: this process may not mount (no CAP_SYS_ADMIN; is it in a container or a user namespace?)", ErrUnsupported)
	default:
		return fmt.Errorf("make %s a shared mount: %w", dir, err)
	}
}
