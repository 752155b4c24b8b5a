package rescue

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// maxNamed is how many of the files that are left out are named.
const maxNamed = 10

// saveTar saves what is wanted of a tar that a worker sends: files, directories
// and links whose paths stay where the tar is extracted. want gives the path that
// an entry is to have, "" for none. A file that would pass the limit is left out,
// and the next one may not be.
func (s *store) saveTar(ctx context.Context, name, what string, archive io.Reader, want func(p string) string) error {
	p := packer{store: s, want: want}
	err := s.save(name, what, func(w io.Writer) error {
		p.w = w
		return errors.Join(p.pack(ctx, archive), p.close())
	})
	p.large.report(s, what, s.limit())
	p.odd.report(s, what, "they are no files")
	return err
}

type packer struct {
	w          io.Writer
	tar        *tar.Writer // nil until there is an entry: an empty tar is nothing
	store      *store
	want       func(p string) string
	large, odd leftOut
}

// leftOut counts entries that were left out, and names the first of them.
type leftOut struct {
	count int
	names []string
}

func (l *leftOut) add(name string) {
	if l.count++; l.count <= maxNamed {
		l.names = append(l.names, shown(name))
	}
}

func (l *leftOut) report(s *store, what, why string) {
	if l.count > 0 {
		s.report.miss(fmt.Sprintf("%d of %s", l.count, what), why+": "+strings.Join(l.names, ", "))
	}
}

// overhead is what an entry may take in a tar beside its content, in bytes: its
// headers, with a path and a target of 4 KiB each, and the end of the tar.
const overhead = 16 << 10

func (p *packer) pack(ctx context.Context, archive io.Reader) error {
	for entries := tar.NewReader(archive); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if name := p.place(h.Name); name == "" {
			continue
		} else if err := p.entry(h, name, entries); err != nil {
			return err
		}
	}
}

// place is the path that an entry gets, "" for one that is not wanted.
func (p *packer) place(name string) string {
	name = p.want(strings.TrimPrefix(path.Clean(name), "/"))
	if name == "." || !filepath.IsLocal(name) {
		return ""
	}
	return name
}

func (p *packer) entry(from *tar.Header, name string, content io.Reader) error {
	h := &tar.Header{
		Format: tar.FormatPAX, Typeflag: from.Typeflag, Name: name, ModTime: from.ModTime,
		Mode: from.Mode & int64(fs.ModePerm), Uid: p.store.r.UID, Gid: p.store.r.GID,
	}
	switch from.Typeflag {
	case tar.TypeReg:
		h.Size = from.Size
	case tar.TypeDir:
		h.Name += "/"
	case tar.TypeSymlink:
		h.Linkname = from.Linkname
	case tar.TypeLink: // a second name of a file
		if h.Linkname = p.place(from.Linkname); h.Linkname == "" {
			p.odd.add(name)
			return nil
		}
	default:
		p.odd.add(name)
		return nil
	}
	if h.Size < 0 || h.Size > p.store.left-overhead {
		p.large.add(name)
		return nil
	}
	if p.tar == nil {
		p.tar = tar.NewWriter(p.w)
	}
	if err := p.tar.WriteHeader(h); err != nil {
		return err
	}
	if from.Typeflag != tar.TypeReg {
		return nil
	}
	_, err := io.Copy(p.tar, content)
	return err
}

func (p *packer) close() error {
	if p.tar == nil {
		return nil
	}
	return p.tar.Close()
}
