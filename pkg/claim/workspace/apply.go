package workspace

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// ErrTooMuch is the error of a worker that sends more than it announced.
var ErrTooMuch = errors.New("the worker sends more than it announced")

// Apply brings a ChangeSet into the project, files out of the tar that the worker
// sends. Whatever else is in the tar is dropped.
//
// Each file is written beside its place and renamed into it, if what is there is
// still what was sent into the worker: the same size and time, or else the same
// content. Otherwise it stays beside it, as a conflict. Deletions come last. The
// interval between that look and the rename is not covered: a change of the same
// file in it is lost.
//
// What cannot be written is in the report. An error means that the tar broke off
// or ctx ended: the report says what was done, and Apply may be repeated with a
// fresh ChangeSet. On success all of it is on the disk.
func Apply(ctx context.Context, root *os.Root, base Manifest, set ChangeSet, archive io.Reader, o Options) (Report, error) {
	p := newProject(root, base, o)
	p.report = Report{
		Refused: slices.Clone(set.Refused), Unknown: set.Unknown, Notes: set.Notes,
		Ignored: set.Ignored, Unchanged: set.Unchanged,
	}
	err := p.apply(ctx, set, archive)
	if err != nil {
		return p.report, fmt.Errorf("bring changes back to %s: %w", root.Name(), err)
	}
	return p.report, sync(root)
}

func (p *project) apply(ctx context.Context, set ChangeSet, archive io.Reader) error {
	for _, e := range set.Make {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.make(e)
	}
	if err := p.receive(ctx, set.Fetch, archive); err != nil {
		return err
	}
	for _, e := range set.Delete {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.delete(e)
	}
	for _, e := range set.Chmod {
		p.chmod(e)
	}
	return nil
}

// receive takes the files that are wanted out of a tar.
func (p *project) receive(ctx context.Context, files []Entry, archive io.Reader) error {
	if len(files) == 0 {
		return nil
	}
	wanted, size := make(map[Name]Entry, len(files)), int64(0)
	for _, e := range files {
		wanted[e.Path] = e
		size += e.Size
	}
	// Files may grow between the listing and the tar; headers take some KiB each.
	limit := size + size/4 + int64(len(files))*8<<10 + 1<<20
	limited := &limitedReader{r: archive, left: limit}
	budget := limit // of content: a sparse file is more than its bytes in the tar
	err := eachEntry(ctx, limited, func(h *tar.Header, path Name, content io.Reader) error {
		if _, ok := wanted[path]; !ok || h.Typeflag != tar.TypeReg {
			return nil
		}
		delete(wanted, path) // a second one of that name is dropped
		if budget -= h.Size; h.Size < 0 || budget < 0 {
			return fmt.Errorf("%s, %d bytes: %w", path, h.Size, ErrTooMuch)
		}
		return p.file(entryOf(h, path), content)
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		p.refuse(path, "the worker did not send it: it is gone, or cannot be read")
	}
	return nil
}

// limitedReader fails where an io.LimitedReader just ends.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTooMuch
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}

// sync writes the file system of the project to disk: the worker is removed next.
func sync(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("write %s to disk: %w", root.Name(), err)
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("write %s to disk: %w", root.Name(), err)
	}
	return nil
}
