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
)

// Skipped is something that a copy leaves out, and why.
type Skipped struct{ Name, Reason string }

func (s Skipped) String() string { return fmt.Sprintf("%q: %s", s.Name, s.Reason) }

// Pack writes a file, or a directory with all below it, as a tar under the name
// as; for "." only what is in the directory. Links below it are packed as links. A
// link that source itself is, is followed. Owners are left out.
func Pack(w io.Writer, source, as string) ([]Skipped, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	directory, file := source, "."
	if !info.IsDir() {
		// Of a link the target, and of a file its own name.
		if source, err = filepath.EvalSymlinks(source); err != nil {
			return nil, err
		}
		directory, file = filepath.Split(source)
	}
	if directory == "" {
		directory = "."
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	p := packer{tar: tar.NewWriter(w), root: root}
	err = fs.WalkDir(root.FS(), file, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative := "."
		if name != file {
			relative = name
		}
		if to := path.Join(as, relative); to != "." {
			return p.add(name, to)
		}
		return nil
	})
	if err != nil {
		return p.skipped, err // a tar that is not whole must not look it
	}
	return p.skipped, p.tar.Close()
}

type packer struct {
	tar     *tar.Writer
	root    *os.Root
	skipped []Skipped
}

func (p *packer) add(name, as string) error {
	info, err := p.root.Lstat(name)
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case 0:
		return p.addFile(name, as)
	case fs.ModeDir:
		return p.header(info, as, "")
	case fs.ModeSymlink:
		target, err := p.root.Readlink(name)
		if err != nil {
			return err
		}
		return p.header(info, as, target)
	default:
		p.skipped = append(p.skipped, Skipped{as, "it is neither a file nor a directory nor a link"})
		return nil
	}
}

func (p *packer) addFile(name, as string) error {
	file, err := p.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := p.header(info, as, ""); err != nil {
		return err
	}
	// One that grows meanwhile is copied up to where it ended.
	if _, err := io.CopyN(p.tar, file, info.Size()); err != nil {
		return fmt.Errorf("pack %q: %w", as, shrunk(err))
	}
	return nil
}

func shrunk(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("it got shorter while it was read")
	}
	return err
}

func (p *packer) header(info fs.FileInfo, as, link string) error {
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name = as
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	return p.tar.WriteHeader(header)
}
