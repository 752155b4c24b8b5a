package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// ErrNotWritable is the error of a manifest that can be changed only where it
// comes from.
var ErrNotWritable = errors.New("is not a writable source")

func notWritable(path, why string) error {
	return fmt.Errorf("%s %w: %s; edit it where it comes from", path, ErrNotWritable, why)
}

// Writable says why the file at path, or a new file in the directory at path,
// cannot be written: an ErrNotWritable. It changes nothing. A file that is not
// there is as writable as its directory.
func Writable(path string) error {
	target, err := targetOf(path)
	if err != nil {
		return notWritable(path, reason(err))
	}
	if deployer := deployedBy(target); deployer != "" {
		return notWritable(path, "it is part of "+deployer+", which puts the old content back")
	}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		target = filepath.Dir(target)
	case err != nil:
		return notWritable(path, reason(err))
	case !info.Mode().IsRegular() && !info.IsDir():
		return notWritable(path, "it is no regular file")
	}
	if err := unix.Access(target, unix.W_OK); err != nil {
		return notWritable(path, err.Error())
	}
	return nil
}

// WriteFile makes data the content of the file at path, or of the one that a
// link there leads to. The file keeps its mode and its owner; a new one has mode
// 0644. It is replaced in one step, or written in place where that cannot be: in
// a directory that cannot be written, on a file that is mounted, and where the
// owner would change. The errors are those of Writable, or name the file.
func WriteFile(path string, data []byte) error {
	if err := Writable(path); err != nil {
		return err
	}
	target, err := targetOf(path)
	if err != nil {
		return err
	}
	err = replaceFile(target, data)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EROFS) {
		return overwriteFile(target, data)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// targetOf follows the links of path. Its last part may be missing.
func targetOf(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		return filepath.Abs(target)
	}
	if _, linkErr := os.Lstat(path); linkErr == nil || !errors.Is(err, fs.ErrNotExist) {
		return "", err // a link to nowhere, for one
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(dir, filepath.Base(path)))
}

// deployedBy names what swaps the directory that a file is in for another one
// whenever it likes, "" for nothing known.
func deployedBy(target string) string {
	for dir := target; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		parent := filepath.Dir(dir)
		if filepath.Base(parent) == ".worktrees" {
			return "a git-sync worktree"
		}
		if data, err := filepath.EvalSymlinks(filepath.Join(parent, "..data")); err == nil && data == dir {
			return "a mounted ConfigMap or Secret (..data)"
		}
	}
	return ""
}

func replaceFile(target string, data []byte) error {
	f, err := renameio.NewPendingFile(target,
		renameio.WithTempDir(filepath.Dir(target)), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // nothing is left after a success
	if err := keepOwner(f.File, target); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// keepOwner gives f the owner of the file that it takes the place of.
func keepOwner(f *os.File, target string) error {
	var was, is unix.Stat_t
	if err := unix.Stat(target, &was); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := unix.Fstat(int(f.Fd()), &is); err != nil || was.Uid == is.Uid && was.Gid == is.Gid {
		return err
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}

func overwriteFile(target string, data []byte) error {
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return notWritable(target, reason(err))
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s in place, which may have left it cut short: %w", target, err)
	}
	return nil
}
