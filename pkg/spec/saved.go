package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// savedPools keeps each known pool in a file of its own, pools/NAME.json below
// the state directory. Losing them costs the last good manifests, never more: so
// what is wrong with them is a warning.
type savedPools struct {
	dir      string // "" keeps nothing
	files    map[string]string
	warnings map[string]Problem // by file
}

// savedPool is the content of a file. The pool is a manifest, and is read as one.
type savedPool struct {
	Generation int64           `json:"generation"`
	File       string          `json:"file"`
	Line       int             `json:"line"`
	Deleted    bool            `json:"deleted,omitempty"`
	Pool       json.RawMessage `json:"pool"`
}

func newSavedPools(stateDir string) *savedPools {
	s := &savedPools{files: map[string]string{}, warnings: map[string]Problem{}}
	if stateDir != "" {
		s.dir = filepath.Join(stateDir, "pools")
	}
	return s
}

const savedSuffix = ".json"

func (s *savedPools) file(pool string) string { return filepath.Join(s.dir, pool+savedSuffix) }

func (s *savedPools) warn(file, format string, args ...any) {
	s.warnings[file] = Problem{File: file, Warning: true, Message: fmt.Sprintf(format, args...)}
}

func (s *savedPools) problems() Problems {
	var list Problems
	for _, file := range slices.Sorted(maps.Keys(s.warnings)) {
		list = append(list, s.warnings[file])
	}
	return list
}

// read returns the pools that can be used.
func (s *savedPools) read() poolSet {
	set := poolSet{declared: map[string]PoolEntry{}, deleted: map[string]PoolEntry{}}
	if s.dir == "" {
		return set
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.warn(s.dir, "the last good pools cannot be read: %s", reason(err))
	}
	for _, e := range entries {
		name, isSaved := strings.CutSuffix(e.Name(), savedSuffix)
		if !isSaved {
			continue
		}
		entry, deleted, err := s.readPool(name)
		switch {
		case err != nil:
			s.warn(s.file(name), "the last good pool is lost: %s; remove the file if the pool is no longer declared", err)
		case deleted:
			set.deleted[name] = entry
		default:
			set.declared[name] = entry
		}
	}
	return set
}

func (s *savedPools) readPool(name string) (entry PoolEntry, deleted bool, err error) {
	file := s.file(name)
	data, err := read(file)
	if err != nil {
		return entry, false, errors.New(reason(err))
	}
	var p savedPool
	if err := json.Unmarshal(data, &p); err != nil {
		return entry, false, err
	}
	objects, problems := Load(file, p.Pool)
	switch {
	case problems.Err() != nil:
		first := problems.Errors()[0]
		return entry, false, Problem{Path: first.Path, Message: first.Message}
	case len(objects) != 1 || objects[0].Pool == nil || objects[0].Name() != name:
		return entry, false, fmt.Errorf("it is not pool %q", name)
	case p.Generation < 1:
		return entry, false, fmt.Errorf("its generation is %d", p.Generation)
	}
	s.files[name] = string(data)
	entry = PoolEntry{Pool: objects[0].Pool, Source: Source{File: p.File, Line: p.Line}, Generation: p.Generation, Valid: true}
	return entry, p.Deleted, nil
}

// write brings the files up to date with the set. One that cannot be written is
// tried again the next time.
func (s *savedPools) write(set poolSet) {
	if s.dir == "" {
		return
	}
	for name, entry := range set.declared {
		s.save(name, entry, false)
	}
	for name, entry := range set.deleted {
		s.save(name, entry, true)
	}
	for name := range s.files {
		_, declared := set.declared[name]
		if _, deleted := set.deleted[name]; !declared && !deleted {
			s.remove(name)
		}
	}
}

func (s *savedPools) save(name string, entry PoolEntry, deleted bool) {
	pool, err := json.Marshal(entry.Pool)
	if err != nil {
		s.warn(s.file(name), "the pool cannot be saved: %s", err)
		return
	}
	data, err := json.Marshal(savedPool{
		Generation: entry.Generation, File: entry.Source.File, Line: entry.Source.Line, Deleted: deleted, Pool: pool,
	})
	if err != nil {
		s.warn(s.file(name), "the pool cannot be saved: %s", err)
		return
	}
	if s.files[name] == string(data) {
		return
	}
	err = os.MkdirAll(s.dir, 0o700)
	if err == nil {
		err = renameio.WriteFile(s.file(name), data, 0o600, renameio.WithTempDir(s.dir))
	}
	if err != nil {
		s.warn(s.file(name), "the pool cannot be saved, and a restart would not know it: %s", err)
		return
	}
	s.files[name] = string(data)
	delete(s.warnings, s.file(name))
}

// remove drops the file of a pool that is forgotten. Should it stay, the next
// start drains once more what is gone already.
func (s *savedPools) remove(name string) {
	if err := os.Remove(s.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.warn(s.file(name), "cannot be removed: %s", reason(err))
		return
	}
	delete(s.files, name)
	delete(s.warnings, s.file(name))
}
