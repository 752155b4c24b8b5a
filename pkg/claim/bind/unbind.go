package bind

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Unbind takes away what is bound to a slot, all of it if several things are.
// Nothing there to unbind is no error, nor is a slot that does not exist. A
// process of the worker that has a file open keeps that file.
//
// A container that was started while the directory was bound keeps it until it
// stops: the engine has then mounted not the slot but what was on it. So to take
// a project away for certain is to remove the worker.
func (s *Slots) Unbind(worker, slot string) error {
	if err := check(worker, slot); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return unmount(s.Path(worker, slot))
}

// unmount takes away all mounts on a path. It asks the mount table how many they
// are rather than the path: what is mounted there may not answer any more.
func unmount(path string) error {
	found, err := mounts(path)
	if err != nil {
		return err
	}
	for range found {
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unbind slot %s: %w", path, err)
		}
	}
	return nil
}

// Bound says what a slot has bound to it, and whether anything.
func (s *Slots) Bound(worker, slot string) (Binding, bool, error) {
	if err := check(worker, slot); err != nil {
		return Binding{}, false, err
	}
	table, err := mountTable()
	if err != nil {
		return Binding{}, false, err
	}
	binding, bound := findBinding(table, s.dir, s.Path(worker, slot))
	return binding, bound, nil
}

// open opens a slot, or what is bound to it.
func (s *Slots) open(worker, slot string) (*os.File, error) {
	if err := check(worker, slot); err != nil {
		return nil, err
	}
	above, err := s.worker(worker)
	if err != nil {
		return nil, err
	}
	defer func() { _ = above.Close() }()
	path := s.Path(worker, slot)
	fd, err := openPlace(int(above.Fd()), slot, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	if err != nil {
		return nil, fmt.Errorf("open slot %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}
