package rescue

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// errFull ends the writing of a file that would pass the limit.
var errFull = errors.New("full")

// store is the directory that things are saved in. It is made with the first of
// them, and gets its name with the last.
type store struct {
	base    *os.Root
	dir     *os.Root // nil until there is something to save
	partial string   // the directory's name until all is saved
	r       Request
	max     int64
	left    int64
	report  Report
}

func openStore(base string, r Request, o Options) (*store, error) {
	if err := os.MkdirAll(base, 0o711); err != nil { // each person can reach their own
		return nil, err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, err
	}
	s := &store{base: root, r: r, partial: ".partial-" + safe(r.Claim), max: cmp.Or(o.MaxBytes, defaultMaxBytes)}
	s.left = s.max
	if err := root.RemoveAll(s.partial); err != nil { // of a rescue that a crash ended
		_ = root.Close()
		return nil, err
	}
	return s, nil
}

// close ends it. Without a commit nothing is left.
func (s *store) close() {
	if s.dir != nil {
		_ = s.dir.Close()
		_ = s.base.RemoveAll(s.partial)
	}
	_ = s.base.Close()
}

// save saves what write writes, if it is something. What would pass the limit is
// left out.
func (s *store) save(name, what string, write func(io.Writer) error) error {
	f := &file{store: s, name: name}
	err := errors.Join(write(f), f.end())
	if err == nil && f.size > 0 {
		s.report.Saved = append(s.report.Saved, Item{name, what, f.size})
	}
	if err == nil {
		return nil
	}
	if f.file != nil {
		s.left += f.size
		err = errors.Join(err, s.dir.Remove(name))
	}
	if f.full {
		s.report.miss(what, s.limit())
		return nil
	}
	return fmt.Errorf("save %s: %w", what, err)
}

func (s *store) limit() string {
	return fmt.Sprintf("with it, more than %d bytes would be saved", s.max)
}

// file is one that is there once something was written.
type file struct {
	store *store
	name  string
	file  *os.File
	size  int64
	full  bool
}

func (f *file) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.file == nil {
		if err := f.begin(); err != nil {
			return 0, err
		}
	}
	if int64(len(p)) > f.store.left {
		f.full = true // for what calls Write may make its own of the error
		return 0, errFull
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	f.store.left -= int64(n)
	return n, err
}

func (f *file) begin() error {
	if err := f.store.begin(); err != nil {
		return err
	}
	var err error
	if f.file, err = f.store.dir.OpenFile(f.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return f.store.chown(f.file.Chown)
}

func (f *file) end() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.file.Sync(), f.file.Close())
}

func (s *store) begin() error {
	if s.dir != nil {
		return nil
	}
	err := s.base.Mkdir(s.partial, 0o700)
	if err != nil {
		return err
	}
	s.dir, err = s.base.OpenRoot(s.partial)
	return err
}

// chown makes something the person's. Only root can, and only root has to.
func (s *store) chown(change func(uid, gid int) error) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return change(s.r.UID, s.r.GID)
}

// commit gives the directory its name, on disk too.
func (s *store) commit() error {
	if s.report.Nothing = s.dir == nil || len(s.report.Saved) == 0; s.report.Nothing {
		return nil
	}
	text := fmt.Sprintf("Rescued from the worker of claim %s, %s.\n\n%s%s",
		shown(s.r.Claim), s.r.Time.UTC().Format("2006-01-02 15:04:05 MST"), s.report, howTo)
	s.left = max(s.left, int64(len(text))) // what says what is missing always has its place
	readme := &file{store: s, name: "README.txt"}
	_, err := io.WriteString(readme, text)
	err = errors.Join(err, readme.end(), sync(s.dir))
	if err == nil { // last, for the person is not to get at it before
		err = s.chown(func(uid, gid int) error { return s.base.Lchown(s.partial, uid, gid) })
	}
	if err != nil {
		return err
	}
	name, err := s.name()
	if err != nil {
		return err
	}
	if err := s.base.Rename(s.partial, name); err != nil {
		return err
	}
	s.report.Dir = s.base.Name() + "/" + name
	return sync(s.base)
}

// name is one that no directory has: a rescue may be repeated within a second.
func (s *store) name() (string, error) {
	first := safe(s.r.Claim) + "-" + s.r.Time.UTC().Format("20060102T150405Z")
	name := first
	for n := 2; ; n++ {
		_, err := s.base.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s-%d", first, n)
	}
}

func sync(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// safe makes a part of a file name of a text.
func safe(text string) string {
	const longest = 60
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, text)
	return strings.Trim(text[:min(len(text), longest)], "-.")
}
