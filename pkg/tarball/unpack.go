package tarball

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// permissions are all that an unpacked file has of its mode: who unpacks it
// becomes its owner, and setuid would be theirs.
const permissions = 0o777

// Unpack makes the files of a tar below root: what is called from there, and all
// below it, is called to here. Files replace files, links and empty directories;
// directories are merged. Nothing outside root is read, written or linked to,
// whatever the tar says, and no device is made; links that would lead out of to are
// skipped. An entry that is not below from is an error: the tar is not what was
// asked for.
func Unpack(r io.Reader, root *os.Root, from, to string) ([]Skipped, error) {
	u := unpacker{root: root, from: path.Clean(from), to: path.Clean(to)}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return u.skipped, u.finish()
		}
		if err != nil {
			return u.skipped, fmt.Errorf("read the tar: %w", err)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := u.entry(header, archive); err != nil {
			return u.skipped, err
		}
	}
}

type unpacker struct {
	root     *os.Root
	from, to string
	skipped  []Skipped
	// directories get their modes last: one may not let anything be written.
	directories []directory
}

type directory struct {
	name   string
	header *tar.Header
}

func (u *unpacker) entry(header *tar.Header, content io.Reader) error {
	name, err := u.place(header.Name)
	if err != nil {
		return err
	}
	if err := u.noLinkAbove(name); err != nil {
		return fmt.Errorf("unpack %q: %w", header.Name, err)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		err = u.directory(name, header)
	case tar.TypeReg:
		err = u.file(name, header, content)
	case tar.TypeSymlink:
		err = u.symlink(name, header.Linkname)
	case tar.TypeLink:
		err = u.hardlink(name, header.Linkname)
	default:
		u.skip(name, "it is neither a file nor a directory nor a link")
	}
	if err != nil {
		return fmt.Errorf("unpack %q: %w", header.Name, err)
	}
	return nil
}

func (u *unpacker) skip(name, reason string) {
	u.skipped = append(u.skipped, Skipped{name, reason})
}

// place is where an entry belongs below root.
func (u *unpacker) place(name string) (string, error) {
	clean := path.Clean(name)
	rest, below := strings.CutPrefix(clean, u.from+"/")
	switch {
	case !filepath.IsLocal(name):
	case clean == u.from:
		return u.to, nil
	case u.from == ".":
		return path.Join(u.to, clean), nil
	case below:
		return path.Join(u.to, rest), nil
	}
	return "", fmt.Errorf("the tar has %q, which is not below %q: nothing more of it is unpacked", name, u.from)
}

// within says whether a place is to, or below it.
func (u *unpacker) within(name string) bool {
	if u.to == "." {
		return filepath.IsLocal(name)
	}
	return name == u.to || strings.HasPrefix(name, u.to+"/")
}

// noLinkAbove has each entry be where its name says. Below a link, one that leads
// upwards would lead elsewhere than it looks.
func (u *unpacker) noLinkAbove(name string) error {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		info, err := u.root.Lstat(above)
		if err == nil && info.Mode().Type() == fs.ModeSymlink {
			return fmt.Errorf("%q is a link: remove it first", above)
		}
	}
	return nil
}

func (u *unpacker) directory(name string, header *tar.Header) error {
	u.directories = append(u.directories, directory{name, header})
	info, err := u.root.Lstat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return u.root.Mkdir(name, 0o700)
}

func (u *unpacker) file(name string, header *tar.Header, content io.Reader) (err error) {
	if err := u.clear(name); err != nil {
		return err
	}
	file, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(header.FileInfo().Mode() & permissions); err != nil {
		return err
	}
	return u.root.Chtimes(name, header.ModTime, header.ModTime)
}

func (u *unpacker) symlink(name, target string) error {
	if path.IsAbs(target) || wanders(target) || !u.within(path.Join(path.Dir(name), target)) {
		u.skip(name, fmt.Sprintf("it is a link to %q, which leads out of what is copied", target))
		return nil
	}
	if err := u.clear(name); err != nil {
		return err
	}
	return u.root.Symlink(target, name)
}

// wanders says whether a path goes up again behind a name. Where that is a link,
// it goes up from elsewhere than it looks.
func wanders(target string) bool {
	named := false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if named {
				return true
			}
		default:
			named = true
		}
	}
	return false
}

func (u *unpacker) hardlink(name, target string) error {
	existing, err := u.place(target)
	if err != nil {
		return err
	}
	if existing == name {
		return nil
	}
	if err := u.clear(name); err != nil {
		return err
	}
	return u.root.Link(existing, name)
}

// clear makes room for an entry, and the directory that it is in. A directory
// with something in it is not taken away for a file.
func (u *unpacker) clear(name string) error {
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	err := u.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// finish gives directories their modes and times, the innermost first.
func (u *unpacker) finish() error {
	for i := len(u.directories) - 1; i >= 0; i-- {
		d := u.directories[i]
		if d.name == "." {
			continue // it was there, and is somebody's
		}
		info, err := u.root.Lstat(d.name)
		if err != nil || !info.IsDir() {
			continue // a later entry took its place
		}
		if err := u.root.Chmod(d.name, d.header.FileInfo().Mode()&permissions); err != nil {
			return err
		}
		if err := u.root.Chtimes(d.name, d.header.ModTime, d.header.ModTime); err != nil {
			return err
		}
	}
	return nil
}
