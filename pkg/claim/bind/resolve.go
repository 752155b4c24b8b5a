package bind

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Rules say which directories may be bound.
type Rules struct {
	// Roots: only they and what is below them.
	Roots []string
	// Forbidden: neither they, nor what is below them, nor what has them below it.
	Forbidden []string
}

// RefusedError says that a directory may not be bound, why, and what to do.
type RefusedError struct {
	Path   string // as it was asked for
	Reason string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("project %s: %s", e.Path, e.Reason) }

// Resolve opens a directory that the rules allow and the caller can list and
// enter, for Bind. The Name of what is open is its path without symbolic links.
// A *RefusedError if it may not be bound.
//
// The path is looked up once, with the caller's rights, and all checks are on
// what was opened then: to change a link afterwards wins nothing.
func (r Rules) Resolve(path string, caller Caller) (*os.File, error) {
	if !filepath.IsAbs(path) {
		return nil, &RefusedError{path, "it is not an absolute path: give it from /"}
	}
	var fd int
	err := caller.try(func() (err error) {
		fd, err = openReadable(path)
		return err
	})
	if err != nil {
		return nil, refusal(path, caller, err)
	}
	resolved, err := resolvedPath(fd, path)
	if err == nil {
		err = r.allow(path, resolved)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), resolved), nil
}

// openReadable opens a directory as a place, if it can be opened for reading too.
func openReadable(path string) (int, error) {
	place, err := openPlace(unix.AT_FDCWD, path, unix.RESOLVE_NO_MAGICLINKS)
	if err != nil {
		return -1, err
	}
	// To look up "." takes the right to enter it, to open it the right to list it.
	reader, err := unix.Openat(place, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = unix.Close(place)
		return -1, err
	}
	_ = unix.Close(reader)
	return place, nil
}

// refusal turns what the kernel said to a path into what to do about it.
func refusal(path string, caller Caller, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &RefusedError{path, "there is no such directory: make it first, or name another"}
	case errors.Is(err, unix.ENOTDIR):
		return &RefusedError{path, "it is not a directory: name the directory that it is in"}
	case errors.Is(err, unix.EACCES):
		return &RefusedError{path, fmt.Sprintf("user %d may not list and enter it: have its owner allow that (chmod), or name another", caller.UID)}
	case errors.Is(err, unix.ELOOP):
		return &RefusedError{path, "its symbolic links go in a circle or through /proc: name the directory itself"}
	default:
		return fmt.Errorf("open project %s: %w", path, err)
	}
}

// allow holds a resolved path against the rules. The roots and the forbidden
// paths are resolved as well.
func (r Rules) allow(path, resolved string) error {
	if resolved == "/" {
		return &RefusedError{path, "it is the whole file system: name a directory of a project"}
	}
	for _, forbidden := range r.Forbidden {
		f := resolve(forbidden)
		if within(resolved, f) {
			return &RefusedError{path, at(path, resolved) + fmt.Sprintf("it belongs to %s, which no worker may see: name another directory", forbidden)}
		}
		if within(f, resolved) {
			return &RefusedError{path, at(path, resolved) + fmt.Sprintf("%s is in it, which no worker may see: name a directory that does not have it", forbidden)}
		}
	}
	for _, root := range r.Roots {
		if within(resolved, resolve(root)) {
			return nil
		}
	}
	return &RefusedError{path, at(path, resolved) + fmt.Sprintf("it is outside of where projects may be (%s): move it there, or have that place allowed", strings.Join(r.Roots, ", "))}
}

// at says where a path leads, if that is elsewhere.
func at(path, resolved string) string {
	if filepath.Clean(path) == resolved {
		return ""
	}
	return "it leads to " + resolved + "; "
}

// resolve takes the symbolic links out of a path. Of one that does not exist it
// resolves what does: it may be made later.
func resolve(path string) string {
	path = filepath.Clean(path)
	if found, err := filepath.EvalSymlinks(path); err == nil {
		return found
	}
	if path == "/" || path == "." {
		return path
	}
	return filepath.Join(resolve(filepath.Dir(path)), filepath.Base(path))
}

// resolvedPath is where the directory is now that was opened by path.
func resolvedPath(fd int, path string) (string, error) {
	var found unix.Stat_t
	if err := unix.Fstat(fd, &found); err != nil {
		return "", fmt.Errorf("look at project %s: %w", path, err)
	}
	if found.Nlink == 0 {
		return "", &RefusedError{path, "it was removed just now: make it again, or name another"}
	}
	resolved, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return "", fmt.Errorf("find out where project %s is: %w", path, err)
	}
	if !filepath.IsAbs(resolved) {
		return "", &RefusedError{path, "it is outside of the controller's file system: name another"}
	}
	return resolved, nil
}
