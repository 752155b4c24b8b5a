package workspace

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Survey is what a worker says its workspace has, without any content.
type Survey struct {
	Entries []Entry // sorted by path, none twice
	// Unknown are directories of which nothing below is known: the worker may
	// not read them, or another file system is mounted there. Nothing below
	// one counts as deleted.
	Unknown []Item
	Refused []Item // paths that are brought back in no case
}

// ParseSurvey reads what the script of SurveyScript writes. A listing that is cut
// short, is none, or has more than o.MaxEntries paths is an error.
func ParseSurvey(ctx context.Context, r io.Reader, o Options) (Survey, error) {
	records := bufio.NewReaderSize(r, 64<<10) // a path and a target have 4 KiB each at most
	survey, device := Survey{}, ""
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return Survey{}, context.Cause(ctx)
		}
		found, err := readRecord(records)
		if errors.Is(err, io.EOF) && n > 0 {
			survey.sort()
			return survey, nil
		}
		if err != nil {
			return Survey{}, fmt.Errorf("read the listing of the workspace: %w", err)
		}
		if n == 0 { // the workspace itself
			if device = found.device; found.Path != "" || found.Kind != KindDir {
				return Survey{}, errors.New("read the listing of the workspace: it is no directory that can be read")
			}
			continue
		}
		if n > o.maxEntries() {
			return Survey{}, fmt.Errorf("the workspace has more than %d files", o.maxEntries())
		}
		survey.add(found, device)
	}
}

// record is a line of the listing: "KIND MODE SIZE MTIME DEVICE PATH", and the
// target of a link.
type record struct {
	Entry
	device string
}

// unreadable is the kind of a directory that the worker may not read.
const unreadable Kind = 'u'

func readRecord(r *bufio.Reader) (record, error) {
	line, err := field(r)
	if err != nil {
		return record{}, err
	}
	target, err := field(r)
	if err != nil {
		return record{}, io.ErrUnexpectedEOF
	}
	words := strings.SplitN(line, " ", 6)
	if len(words) != 6 || len(words[0]) != 1 {
		return record{}, fmt.Errorf("%q is no line of one", line)
	}
	mode, modeErr := strconv.ParseUint(words[1], 8, 32)
	size, sizeErr := strconv.ParseInt(words[2], 10, 64)
	mtime, timeErr := parseTime(words[3])
	if err := errors.Join(modeErr, sizeErr, timeErr); err != nil {
		return record{}, fmt.Errorf("%q is no line of one: %w", line, err)
	}
	e := Entry{Path: Name(words[5]), Kind: Kind(words[0][0]), Mode: fs.FileMode(mode).Perm()}
	switch e.Kind {
	case KindFile:
		e.Size, e.ModTime = size, mtime
	case KindLink:
		e.Target = target
	default: // has neither
	}
	return record{e, words[4]}, nil
}

// field reads up to the next NUL.
func field(r *bufio.Reader) (string, error) {
	data, err := r.ReadSlice(0)
	switch {
	case err == nil:
		return string(data[:len(data)-1]), nil
	case errors.Is(err, io.EOF) && len(data) > 0:
		return "", io.ErrUnexpectedEOF
	}
	return "", err
}

// parseTime reads seconds with a fraction, as find has them.
func parseTime(text string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	nanoseconds, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	return time.Unix(seconds, int64(nanoseconds)), err
}

func (s *Survey) add(found record, device string) {
	e := found.Entry
	switch {
	case !local(string(e.Path)):
		s.Refused = append(s.Refused, Item{e.Path, "no path below the workspace"})
		return
	case e.Kind == unreadable:
		s.Unknown = append(s.Unknown, Item{e.Path, "the worker may not read it"})
		e.Kind = KindDir
	case e.Kind == KindDir && found.device != device:
		s.Unknown = append(s.Unknown, Item{e.Path, "another file system is mounted there"})
	case e.Kind != KindFile && e.Kind != KindDir && e.Kind != KindLink:
		s.Refused = append(s.Refused, Item{e.Path, "neither a file nor a directory"})
		return
	}
	s.Entries = append(s.Entries, e)
}

func (s *Survey) sort() {
	slices.SortStableFunc(s.Entries, func(a, b Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
	s.Entries = slices.CompactFunc(s.Entries, func(a, b Entry) bool { return a.Path == b.Path })
}

// RuleFiles are the files of rules that the workspace has, those nearest to its
// root first.
func (s Survey) RuleFiles() []Entry {
	var files []Entry
	for _, e := range s.Entries {
		if e.Kind == KindFile && e.Size <= maxRules && isRules(e.Path) {
			files = append(files, e)
		}
	}
	slices.SortStableFunc(files, func(a, b Entry) int {
		return strings.Count(string(a.Path), "/") - strings.Count(string(b.Path), "/")
	})
	return files[:min(len(files), maxPatterns)]
}

// ReadRules takes the files of rules out of a tar.
func ReadRules(ctx context.Context, archive io.Reader) (*Rules, error) {
	rules := &Rules{}
	return rules, eachEntry(ctx, archive, func(h *tar.Header, p Name, content io.Reader) error {
		return rules.read(h, p, content)
	})
}

func (r *Rules) read(h *tar.Header, p Name, content io.Reader) error {
	if h.Typeflag != tar.TypeReg || h.Size > maxRules || !isRules(p) || r.capped {
		return nil
	}
	var text bytes.Buffer
	_, err := text.ReadFrom(content)
	r.Add(p, text.String())
	return err
}

// SurveyTar is the survey of a workspace that comes whole, as a tar, from a
// worker that runs no more; and its rules.
func SurveyTar(ctx context.Context, archive io.Reader, o Options) (Survey, *Rules, error) {
	survey, rules := Survey{}, &Rules{}
	err := eachEntry(ctx, archive, func(h *tar.Header, p Name, content io.Reader) error {
		if p == "." {
			return nil
		}
		if len(survey.Entries) >= o.maxEntries() {
			return fmt.Errorf("the workspace has more than %d files", o.maxEntries())
		}
		survey.add(record{Entry: entryOf(h, p)}, "")
		return rules.read(h, p, content)
	})
	survey.sort()
	return survey, rules, err
}

func entryOf(h *tar.Header, p Name) Entry {
	e := Entry{Path: p, Mode: h.FileInfo().Mode().Perm()}
	switch h.Typeflag {
	case tar.TypeReg:
		e.Kind, e.Size, e.ModTime = KindFile, h.Size, h.ModTime
	case tar.TypeDir:
		e.Kind = KindDir
	case tar.TypeSymlink:
		e.Kind, e.Target = KindLink, h.Linkname
	}
	return e
}

// eachEntry reads a tar. Paths are as in a survey, that of the directory it is of
// being ".".
func eachEntry(ctx context.Context, archive io.Reader, do func(*tar.Header, Name, io.Reader) error) error {
	for entries := tar.NewReader(reader{ctx, archive}); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(h, Name(path.Clean(h.Name)), entries)
		}
		if err != nil {
			return fmt.Errorf("read the tar of the workspace: %w", err)
		}
	}
}
