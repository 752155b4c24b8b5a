package profile

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

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const (
	dockerfileName   = "Dockerfile"
	dockerignoreName = ".dockerignore"
	// maxContext is the most that a context may have, in bytes: more is a
	// directory that was not meant to be sent.
	maxContext = 256 << 20
	// maxText is the most that a Dockerfile or a .dockerignore may have, in bytes.
	maxText = 1 << 20
)

// source is the directory of a profile, read and found to be good. Paths out of
// it cannot be followed.
type source struct {
	root       *os.Root
	dir        string // for messages
	dockerfile dockerfile
	entries    []entry // of the context, in lexical order
}

// entry is a file, directory or link of the context.
type entry struct {
	path   string
	info   fs.FileInfo
	target string // of a link
}

func (s *source) close() { _ = s.root.Close() }

func (s *source) read() error {
	text, err := s.text(dockerfileName)
	if err != nil {
		return err
	}
	if s.dockerfile, err = readDockerfile(s.path(dockerfileName), text); err != nil {
		return err
	}
	ignored, err := s.ignored()
	if err != nil {
		return err
	}
	return s.walk(ignored)
}

// path is where something of the context is, for messages.
func (s *source) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s *source) text(name string) (string, error) {
	file, err := s.root.Open(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.path(name), reason(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxText+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.path(name), reason(err))
	}
	if len(text) > maxText {
		return "", fmt.Errorf("%s: it has more than %d MiB, which is none", s.path(name), maxText>>20)
	}
	return string(text), nil
}

// ignored reads .dockerignore. As with the docker command, neither it nor the
// Dockerfile can be kept from the engine.
func (s *source) ignored() (*patternmatcher.PatternMatcher, error) {
	text, err := s.text(dockerignoreName)
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path(dockerignoreName), err)
	}
	matcher, err := patternmatcher.New(append(patterns, "!"+dockerfileName, "!"+dockerignoreName))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path(dockerignoreName), err)
	}
	return matcher, nil
}

// walk lists the context.
func (s *source) walk(ignored *patternmatcher.PatternMatcher) error {
	var size int64
	return fs.WalkDir(s.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", s.path(name), reason(err))
		}
		if name == "." {
			return nil
		}
		skip, err := ignored.MatchesOrParentMatches(name)
		if err != nil {
			return fmt.Errorf("%s: %w", s.path(dockerignoreName), err)
		}
		if skip { // not SkipDir: a later "!" may bring back what is inside
			return nil
		}
		e, err := s.entry(name, d)
		if err != nil {
			return err
		}
		if e.info.Mode().IsRegular() {
			size += e.info.Size()
		}
		if size > maxContext {
			return fmt.Errorf("%s: the context is larger than %d MiB: name what the image does not need in %s",
				s.dir, maxContext>>20, dockerignoreName)
		}
		s.entries = append(s.entries, e)
		return nil
	})
}

func (s *source) entry(name string, d fs.DirEntry) (entry, error) {
	info, err := d.Info()
	if err != nil {
		return entry{}, fmt.Errorf("%s: %w", s.path(name), reason(err))
	}
	e := entry{path: name, info: info}
	switch kind := info.Mode().Type(); {
	case kind == 0, kind == fs.ModeDir:
		return e, nil
	case kind != fs.ModeSymlink:
		return entry{}, fmt.Errorf("%s: neither a file nor a directory: name it in %s", s.path(name), dockerignoreName)
	}
	if e.target, err = s.root.Readlink(name); err != nil {
		return entry{}, fmt.Errorf("%s: %w", s.path(name), reason(err))
	}
	if path.IsAbs(e.target) || !filepath.IsLocal(path.Join(path.Dir(name), e.target)) {
		return entry{}, fmt.Errorf("%s: a link out of the context, to %s: put a copy there, or name it in %s",
			s.path(name), e.target, dockerignoreName)
	}
	return e, nil
}

// write puts the context into a tar that is the same for the same content:
// without times, owners, and modes but for what can be executed.
func (s *source) write(to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, e := range s.entries {
		if err := s.add(archive, e); err != nil {
			return fmt.Errorf("%s: %w", s.path(e.path), reason(err))
		}
	}
	return archive.Close()
}

func (s *source) add(archive *tar.Writer, e entry) error {
	header := &tar.Header{Name: e.path, Mode: 0o644}
	switch mode := e.info.Mode(); {
	case mode.IsDir():
		header.Typeflag, header.Name, header.Mode = tar.TypeDir, e.path+"/", 0o755
		return archive.WriteHeader(header)
	case mode.Type() == fs.ModeSymlink:
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, e.target, 0o777
		return archive.WriteHeader(header)
	case mode&0o111 != 0:
		header.Mode = 0o755
	}
	file, err := s.root.Open(e.path)
	if err != nil {
		return err
	}
	defer file.Close()
	header.Typeflag, header.Size = tar.TypeReg, e.info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.CopyN(archive, file, header.Size)
	if errors.Is(err, io.EOF) {
		return errChanged
	}
	return err
}

// errChanged is about a context that is edited while it is read.
var errChanged = errors.New("it was changed while it was read: build again")

// reason is an error without the path that the caller says better.
func reason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
