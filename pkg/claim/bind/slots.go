package bind

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"golang.org/x/sys/unix"
)

// Slots are the empty directories that workers have bind-mounted. Its methods
// may be called from several goroutines. What they leave is in the file system
// and the mount table only: a crash between any two steps leaves something that
// Bind, Unbind and Remove carry on with.
type Slots struct {
	dir        string
	root       *os.File // the shared mount; fails rather than misses if it is unmounted
	namespaces namespaces

	mu sync.Mutex // looking at a slot and then changing it is one step
}

// ErrBound says that a slot has something bound to it.
var ErrBound = errors.New("the slot is taken")

// name is what a worker or a slot may be called: one element of a path.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// own is how to reach what belongs to the slots, and nothing else.
const own = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV

// Path is the directory to bind-mount into a worker, with rslave propagation.
// It is absolute and free of symbolic links.
func (s *Slots) Path(worker, slot string) string { return filepath.Join(s.dir, worker, slot) }

// Make makes a slot, empty and with nothing bound to it. One that is so already
// is left as it is; ErrBound if something is bound to it.
//
// A slot belongs to root and nobody may write to it: what an unclaimed worker
// would write there would fill the host's disk, lie hidden under the project
// later, and be in the way of Remove.
func (s *Slots) Make(worker, slot string) error {
	if err := check(worker, slot); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := s.Path(worker, slot)
	if err := makeDirectory(s.root, worker, 0o711); err != nil {
		return fmt.Errorf("make slot %s: %w", path, err)
	}
	above, err := s.worker(worker)
	if err != nil {
		return err
	}
	defer func() { _ = above.Close() }()
	if err := makeDirectory(above, slot, 0o555); err != nil {
		return fmt.Errorf("make slot %s: %w", path, err)
	}
	return s.isNew(above, slot)
}

// makeDirectory makes a directory with this mode whatever the umask is. It may
// be there already, with a mode of its own.
func makeDirectory(above *os.File, name string, mode uint32) error {
	at := int(above.Fd())
	if err := unix.Mkdirat(at, name, mode); err != nil {
		if errors.Is(err, unix.EEXIST) {
			return nil
		}
		return err
	}
	return unix.Fchmodat(at, name, mode, 0)
}

// isNew says what a slot has that a new one does not have.
func (s *Slots) isNew(above *os.File, slot string) error {
	path := filepath.Join(above.Name(), slot)
	fd, err := unix.Openat2(int(above.Fd()), slot, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: own,
	})
	if errors.Is(err, unix.EXDEV) {
		return fmt.Errorf("make slot %s: %w: remove the worker's slots first", path, ErrBound)
	}
	if err != nil {
		return fmt.Errorf("open slot %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() { _ = f.Close() }()
	switch left, err := f.Readdirnames(1); {
	case len(left) > 0:
		return fmt.Errorf("make slot %s: it is not empty (%s, …): look what it is and remove it", path, left[0])
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("look into slot %s: %w", path, err)
	}
	return nil
}

// Workers are those that have slots, in order of their names.
func (s *Slots) Workers() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list the workers that have slots: %w", err)
	}
	var workers []string
	for _, entry := range entries {
		if entry.IsDir() {
			workers = append(workers, entry.Name())
		}
	}
	return workers, nil
}

// Remove unbinds all slots of a worker and removes them. A worker without any is
// no error. Nothing but empty directories is ever removed, and the kernel
// removes none that has something bound to it: no project can lose a file here.
func (s *Slots) Remove(worker string) error {
	if err := check(worker); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	above, err := s.worker(worker)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = above.Close() }()
	slots, err := above.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("list the slots of worker %q: %w", worker, err)
	}
	for _, slot := range slots {
		if err := unmount(s.Path(worker, slot)); err != nil {
			return err
		}
		if err := removeEmpty(above, slot); err != nil {
			return err
		}
	}
	return removeEmpty(s.root, worker)
}

// removeEmpty removes an empty directory, and only that: os.Remove would remove
// a file as well.
func removeEmpty(above *os.File, name string) error {
	err := unix.Unlinkat(int(above.Fd()), name, unix.AT_REMOVEDIR)
	switch path := filepath.Join(above.Name(), name); {
	case err == nil || errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.ENOTEMPTY):
		return fmt.Errorf("remove slot %s: there are files in it that nobody should have put there: look what they are and remove them", path)
	default:
		return fmt.Errorf("remove slot %s: %w", path, err)
	}
}

// worker opens the directory of a worker's slots: that one itself, not something
// that is mounted over it or that it links to. It may be a person's.
func (s *Slots) worker(worker string) (*os.File, error) {
	path := filepath.Join(s.dir, worker)
	fd, err := unix.Openat2(int(s.root.Fd()), worker, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: own,
	})
	if errors.Is(err, unix.EXDEV) {
		return nil, fmt.Errorf("open the slots of worker %q: something is mounted on %s: unmount it", worker, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the slots of worker %q: %w", worker, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Close lets go of what Slots has open. What is bound stays so.
func (s *Slots) Close() error {
	s.namespaces.close()
	return s.root.Close()
}

// check finds names that are not the name of a directory.
func check(names ...string) error {
	for _, n := range names {
		if !name.MatchString(n) {
			return fmt.Errorf("%q cannot be the name of a worker or of its slot: use letters, digits, dots, dashes and underscores", n)
		}
	}
	return nil
}
