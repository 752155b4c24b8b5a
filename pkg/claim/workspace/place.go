package workspace

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// maxBeside is how many versions of one path are kept beside it.
const maxBeside = 9

var (
	errOccupied = fmt.Errorf("there are %d copies of it beside it already", maxBeside)
	errPartial  = errors.New("its name is that of files on their way")
)

// make makes a directory or a link.
func (p *project) make(e Entry) {
	if e.Kind == KindLink {
		if err := p.link(e); err != nil {
			p.refuse(e.Path, reason(err).Error())
		}
		return
	}
	dir, name := path.Split(string(e.Path))
	at, err := p.directory(Name(path.Clean(dir)))
	if err == nil {
		at, err = p.step(Name(path.Join(string(at), name)), e.Mode)
	}
	switch {
	case err != nil:
		p.refuse(e.Path, reason(err).Error())
	case at != e.Path:
		p.conflict(e.Path, at, "it is no directory any more outside")
	}
}

func (p *project) link(e Entry) error {
	partial, at, err := p.begin(e.Path)
	if err != nil {
		return err
	}
	if err := p.root.Symlink(e.Target, partial); err != nil {
		return err
	}
	return p.finish(e, partial, at)
}

// file writes a file from the tar. What cannot be written is refused; an error is
// one of the tar.
func (p *project) file(e Entry, content io.Reader) error {
	source := &source{r: content}
	err := p.write(e, source)
	if source.err != nil {
		return source.err
	}
	if err != nil {
		p.refuse(e.Path, reason(err).Error())
	}
	return nil
}

// source remembers that it was the reading that went wrong, not the writing.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (p *project) write(e Entry, content io.Reader) error {
	partial, at, err := p.begin(e.Path)
	if err != nil {
		return err
	}
	f, err := p.root.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, hash), content)
	if err := errors.Join(err, f.Close()); err != nil {
		_ = p.root.Remove(partial)
		return err
	}
	hash.Sum(e.Sum[:0])
	return p.finish(e, partial, at)
}

// begin finds where a path is to go, and where it is written before.
func (p *project) begin(to Name) (partial string, at Name, err error) {
	dir, name := path.Split(string(to))
	parent, err := p.directory(Name(path.Clean(dir)))
	if err != nil {
		return "", "", err
	}
	partial, at = p.partial(string(parent)), Name(path.Join(string(parent), name))
	if path.Base(partial) == name {
		return "", "", errPartial
	}
	if err := p.root.Remove(partial); err != nil && !absent(err) {
		return "", "", err
	}
	return partial, at, nil
}

// finish gives what was written its name: that of the path, or one beside it.
func (p *project) finish(e Entry, partial string, at Name) error {
	defer p.root.Remove(partial) //nolint:errcheck // it has gone to its place, or is not wanted
	here, err := p.here(at)
	if err != nil && !absent(err) {
		return err
	}
	given := p.given[e.Path]
	switch {
	case given.Kind == e.Kind && given.Sum == e.Sum && given.Target == e.Target: // only its time changed
		p.report.Unchanged++
		if here.Kind == e.Kind && at == e.Path {
			p.permit(e, here, given)
		}
		return nil
	case at != e.Path:
		return p.putAside(e, partial, at, here, "its directory is none any more outside")
	case p.equal(here, e):
		p.permit(e, here, given)
		return nil
	}
	if why := p.objection(e, here); why != "" {
		return p.putBeside(e, partial, at, why)
	}
	return p.putInPlace(e, partial, here, given)
}

// objection says why a change of the worker may not take its place.
func (p *project) objection(e, here Entry) string {
	switch {
	case held(e):
		return "git would obey it outside"
	case here.Kind == 0 && p.given[e.Path].Kind != 0:
		return "it was deleted outside"
	case here.Kind != 0 && !p.untouched(here):
		return "it changed outside too"
	case here.Kind == KindDir && !p.clear(here.Path):
		return "it is a directory outside, with something else in it"
	}
	return ""
}

func (p *project) putInPlace(e Entry, partial string, here, given Entry) error {
	if here.Kind == given.Kind && given.Mode == e.Mode && here.Kind != 0 {
		e.Mode = here.Mode // that the person may have changed
	}
	if err := p.rename(e, partial, e.Path); err != nil {
		return err
	}
	if here.Kind != 0 {
		p.report.Modified = append(p.report.Modified, e.Path)
	} else {
		p.report.Added = append(p.report.Added, e.Path)
	}
	return nil
}

// putAside puts a change below the directory that stands in for its own.
func (p *project) putAside(e Entry, partial string, at Name, here Entry, why string) error {
	switch {
	case here.Kind == 0:
		return p.settleAt(e, partial, at, why)
	case p.equal(here, e):
		p.conflict(e.Path, at, why)
		return nil
	}
	return p.putBeside(e, partial, at, why)
}

// settleAt keeps the worker's version under a name that is free.
func (p *project) settleAt(e Entry, partial string, at Name, why string) error {
	if err := p.rename(e, partial, at); err != nil {
		return err
	}
	p.conflict(e.Path, at, why)
	return nil
}

func (p *project) putBeside(e Entry, partial string, at Name, why string) error {
	for n := 1; n <= maxBeside; n++ {
		beside := p.beside(at, n)
		here, err := p.here(beside)
		if absent(err) {
			return p.settleAt(e, partial, beside, why)
		}
		if err != nil {
			return err
		}
		if p.equal(here, e) {
			p.conflict(e.Path, beside, why)
			return nil
		}
	}
	return errOccupied
}

func (p *project) rename(e Entry, partial string, at Name) error {
	if err := p.chown(partial, at); err != nil {
		return err
	}
	if e.Kind == KindFile {
		if err := errors.Join(p.root.Chmod(partial, e.Mode), p.touch(partial, e.ModTime)); err != nil {
			return err
		}
	}
	return p.root.Rename(partial, string(at))
}
