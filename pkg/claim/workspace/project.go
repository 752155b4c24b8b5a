package workspace

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// project is the person's side: what it has now, next to what was sent.
type project struct {
	root   *os.Root
	base   Manifest
	given  map[Name]Entry
	o      Options
	report Report
}

func newProject(root *os.Root, base Manifest, o Options) *project {
	return &project{root: root, base: base, given: base.byPath(), o: o}
}

// here is what the project has at a path now, without the content of a file. The
// error is fs.ErrNotExist for nothing.
func (p *project) here(at Name) (Entry, error) {
	info, err := p.root.Lstat(string(at))
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Path: at, Mode: info.Mode().Perm()}
	switch info.Mode().Type() {
	case 0:
		e.Kind, e.Size, e.ModTime = KindFile, info.Size(), info.ModTime()
	case fs.ModeDir:
		e.Kind = KindDir
	case fs.ModeSymlink:
		e.Kind = KindLink
		e.Target, err = p.root.Readlink(string(at))
	default: // of no kind that a worker is given
	}
	return e, err
}

// equal says whether what is here has the kind and the content of another entry,
// whose Sum is known.
func (p *project) equal(here, other Entry) bool {
	if here.Kind != other.Kind || here.Size != other.Size || here.Target != other.Target {
		return false
	}
	if here.Kind != KindFile {
		return here.Kind != 0
	}
	sum, err := p.sum(here.Path)
	return err == nil && sum == other.Sum
}

// untouched says whether what is here is still what was given to the worker.
func (p *project) untouched(here Entry) bool {
	given, known := p.given[here.Path]
	return known && (same(given, here) || p.equal(here, given))
}

func (p *project) sum(file Name) (Sum, error) {
	f, err := p.root.OpenFile(string(file), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Sum{}, err
	}
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return Sum(hash.Sum(nil)), err
}

func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) }

// beside is the name of the worker's version of something, the n-th of that name.
func (p *project) beside(at Name, n int) Name {
	const longest = 255 // bytes of a name on any Linux file system
	dir, name := path.Split(string(at))
	suffix := ".hal-conflict-" + p.o.Claim
	if n > 1 {
		suffix += "-" + strconv.Itoa(n)
	}
	if len(name)+len(suffix) > longest {
		name = strings.ToValidUTF8(name[:longest-len(suffix)], "")
	}
	return Name(dir + name + suffix)
}

// partial is where a file of a directory is written before it gets its name. It
// is the same each time, so that the next run takes away what a crash left.
func (p *project) partial(dir string) string { return path.Join(dir, ".hal-partial-"+p.o.Claim) }

// chown gives what was made for a path the owner of what is there, or of the
// project. Only root can, and only root has to.
func (p *project) chown(made string, at Name) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := p.root.Lstat(string(at))
	if err != nil {
		info, err = p.root.Stat(".")
	}
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return p.root.Lchown(made, int(owner.Uid), int(owner.Gid))
}

func (p *project) refuse(at Name, why string) {
	p.report.Refused = append(p.report.Refused, Item{at, why})
}

func (p *project) keep(at Name, why string) { p.report.Kept = append(p.report.Kept, Item{at, why}) }

func (p *project) conflict(at, copied Name, why string) {
	p.report.Conflicts = append(p.report.Conflicts, Conflict{at, copied, why})
}

// touch gives a file the time that it has in the worker.
func (p *project) touch(file string, t time.Time) error { return p.root.Chtimes(file, time.Time{}, t) }
