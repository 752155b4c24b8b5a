package workspace

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// directory makes sure that there is a directory at a path, and returns where it
// is: elsewhere if something stands on the way. What the worker has turned into a
// directory, and the person has not touched, makes way.
func (p *project) directory(dir Name) (Name, error) {
	at := Name(".")
	if dir == at {
		return at, nil
	}
	for name := range strings.SplitSeq(string(dir), "/") {
		var err error
		if at, err = p.step(Name(path.Join(string(at), name)), 0o755); err != nil {
			return "", err
		}
	}
	return at, nil
}

// step makes one directory, whose parent is there.
func (p *project) step(dir Name, mode fs.FileMode) (Name, error) {
	if here, err := p.here(dir); err == nil && here.Kind != KindDir && !held(here) && p.untouched(here) {
		if err := p.root.Remove(string(dir)); err != nil {
			return "", err
		}
		p.report.Deleted = append(p.report.Deleted, dir)
	}
	for n := range maxBeside + 1 {
		at := dir
		if n > 0 {
			at = p.beside(dir, n)
		}
		here, err := p.here(at)
		switch {
		case absent(err) && n == 0:
			p.report.Added = append(p.report.Added, at)
			return at, p.mkdir(at, mode)
		case absent(err):
			return at, p.mkdir(at, mode)
		case err != nil:
			return "", err
		case here.Kind == KindDir:
			return at, nil
		}
	}
	return "", errOccupied
}

// ownerMode is what a directory keeps for its owner, whatever the worker says:
// what is in it could not be brought back, or not a second time.
const ownerMode = 0o700

func (p *project) mkdir(at Name, mode fs.FileMode) error {
	err := p.root.Mkdir(string(at), ownerMode)
	if err == nil {
		err = p.root.Chmod(string(at), mode|ownerMode) // which no umask takes from
	}
	if err != nil {
		return err
	}
	return p.chown(string(at), ".")
}

// clear takes a directory away that is a file or a link inside, if it has nothing
// but what was given to the worker.
func (p *project) clear(dir Name) bool {
	prefix := dir + "/"
	from, _ := slices.BinarySearchFunc(p.base.Entries, prefix, func(e Entry, at Name) int {
		return strings.Compare(string(e.Path), string(at))
	})
	to := from
	for to < len(p.base.Entries) && strings.HasPrefix(string(p.base.Entries[to].Path), string(prefix)) {
		to++
	}
	for _, e := range slices.Backward(p.base.Entries[from:to]) {
		p.delete(e)
	}
	return p.root.Remove(string(dir)) == nil
}
