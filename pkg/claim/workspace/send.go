package workspace

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Send writes the project to w as a tar, and returns what it wrote. What
// .gitignore files ignore is left out unless git has it all the same; what
// .halignore files say goes before that. .git goes along. Links are sent as
// links; devices, sockets and what cannot be read are skipped, and named.
//
// A file that is cut short while it is read is an error: the copy would be one
// that never was. So is a project of more paths than o.MaxEntries.
func Send(ctx context.Context, root *os.Root, w io.Writer, o Options) (Manifest, error) {
	keep, note := tracked(ctx, root)
	s := &sender{root: root, archive: tar.NewWriter(w), o: o, keep: keep, rules: &Rules{}, recent: time.Now().Add(-clockTick)}
	s.sieve = newSieve(s.rules)
	if note != "" {
		s.manifest.Notes = append(s.manifest.Notes, note)
	}
	if info, err := root.Lstat(gitDir); err == nil && !info.IsDir() {
		s.manifest.Notes = append(s.manifest.Notes, "the repository is elsewhere (.git is no directory): git does not work inside")
	}
	if err := s.dir(ctx, "."); err != nil {
		return Manifest{}, fmt.Errorf("copy %s: %w", root.Name(), err)
	}
	if s.rules.capped {
		s.manifest.Notes = append(s.manifest.Notes, tooManyPatterns)
	}
	slices.SortFunc(s.manifest.Entries, func(a, b Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return s.manifest, s.archive.Close()
}

var tooManyPatterns = fmt.Sprintf("only the first %d patterns that ignore something are obeyed", maxPatterns)

type sender struct {
	root     *os.Root
	archive  *tar.Writer
	o        Options
	keep     map[Name]bool // tracked, whatever .gitignore says
	rules    *Rules
	sieve    *sieve
	manifest Manifest
	recent   time.Time // from which on a file may change again without a change of its time
}

// clockTick is the coarsest that the times of a common file system are.
const clockTick = 2 * time.Second

func (s *sender) dir(ctx context.Context, dir string) error {
	children, err := s.read(dir)
	if err != nil && dir != "." {
		s.skip(Name(dir), err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := s.entry(ctx, Name(path.Join(dir, child.Name())), child); err != nil {
			return err
		}
	}
	return nil
}

// read lists a directory, and takes the rules that are in it.
func (s *sender) read(dir string) ([]fs.DirEntry, error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, reason(err)
	}
	defer d.Close()
	children, err := d.ReadDir(-1)
	if err != nil {
		return nil, reason(err)
	}
	files := []string{gitIgnore, halIgnore}
	if dir == "." {
		files = append(files, gitExclude)
	}
	for _, file := range files {
		name := Name(path.Join(dir, file))
		if text, err := readRules(s.root, name); err == nil {
			s.rules.Add(name, text)
		}
	}
	slices.SortFunc(children, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return children, nil
}

func readRules(root *os.Root, name Name) (string, error) {
	info, err := root.Lstat(string(name))
	if err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(err, fs.ErrInvalid)
	}
	f, err := root.Open(string(name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRules))
	return string(text), err
}

func (s *sender) entry(ctx context.Context, p Name, child fs.DirEntry) error {
	switch by := s.sieve.hides(p, child.IsDir()); {
	case by == byHal, by == byGit && !s.keep[p]:
		return nil
	case len(s.manifest.Entries) >= s.o.maxEntries():
		return fmt.Errorf("it has more than %d files: name what the worker does not need in %s", s.o.maxEntries(), halIgnore)
	}
	info, err := child.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.skip(p, reason(err).Error())
		return nil
	}
	switch info.Mode().Type() {
	case 0:
		return s.file(ctx, p, info)
	case fs.ModeDir:
		if err := s.add(Entry{Path: p, Kind: KindDir}, info, nil); err != nil {
			return err
		}
		return s.dir(ctx, string(p))
	case fs.ModeSymlink:
		target, err := s.root.Readlink(string(p))
		if err != nil {
			s.skip(p, reason(err).Error())
			return nil
		}
		return s.add(Entry{Path: p, Kind: KindLink, Target: target}, info, nil)
	default:
		s.skip(p, "neither a file nor a directory")
		return nil
	}
}

func (s *sender) file(ctx context.Context, p Name, listed fs.FileInfo) error {
	// Not to wait for the writer of a pipe that has taken the file's place.
	f, err := s.root.OpenFile(string(p), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		s.skip(p, reason(err).Error())
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !os.SameFile(info, listed) {
		s.skip(p, "it was replaced while it was read")
		return nil
	}
	return s.add(Entry{Path: p, Kind: KindFile, Size: info.Size(), ModTime: info.ModTime()}, info, reader{ctx, f})
}

// add writes an entry, and its content where there is one.
func (s *sender) add(e Entry, info fs.FileInfo, content io.Reader) error {
	e.Mode = info.Mode().Perm()
	header := &tar.Header{
		Format: tar.FormatPAX, Name: string(e.Path), Typeflag: tar.TypeReg, Mode: int64(e.Mode),
		Size: e.Size, ModTime: info.ModTime(), Uid: s.o.UID, Gid: s.o.GID,
	}
	switch e.Kind {
	case KindDir:
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	case KindLink:
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.Target
	default: // a file
	}
	if err := s.archive.WriteHeader(header); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	if content != nil {
		hash := sha256.New()
		if _, err := io.CopyN(io.MultiWriter(s.archive, hash), content, e.Size); errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: it became shorter while it was read: try again", e.Path)
		} else if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		hash.Sum(e.Sum[:0])
	}
	if e.ModTime.After(s.recent) {
		e.ModTime = time.Time{}
	}
	s.manifest.Entries = append(s.manifest.Entries, e)
	return nil
}

func (s *sender) skip(p Name, why string) {
	s.manifest.Skipped = append(s.manifest.Skipped, Item{p, why})
}

// reader ends with its context.
type reader struct {
	ctx context.Context //nolint:containedctx // io.Reader takes none
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// reason is an error of the file system without the path, which the caller names.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}
