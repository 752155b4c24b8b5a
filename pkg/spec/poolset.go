package spec

import (
	"fmt"
	"maps"
	"slices"
)

// poolSet is what a Store knows. It is a value: each change makes a new one.
type poolSet struct{ declared, deleted map[string]PoolEntry }

// misses says whether a pool would be deleted if objects were all there are.
func (s poolSet) misses(objects []Object) bool {
	found := map[string]bool{}
	for _, o := range objects {
		found[o.Name()] = found[o.Name()] || o.Pool != nil
	}
	for name := range s.declared {
		if !found[name] {
			return true
		}
	}
	return false
}

// after is the set once path has been loaded with this outcome, and the problems
// of the pools that stay only because of other problems.
func (s poolSet) after(path string, objects []Object, problems Problems) (poolSet, Problems) {
	next := poolSet{declared: map[string]PoolEntry{}, deleted: maps.Clone(s.deleted)}
	for _, o := range objects {
		about := problems.of(o.Source.File)
		if o.Pool == nil || about.Err() != nil {
			continue
		}
		next.declared[o.Name()] = PoolEntry{
			Pool: o.Pool, Source: o.Source, Generation: s.generation(o.Pool), Valid: true, Problems: about,
		}
		delete(next.deleted, o.Name())
	}
	var kept Problems
	for _, entry := range byName(s.declared) {
		name := entry.Pool.Metadata.Name
		if _, found := next.declared[name]; found {
			continue
		}
		if problems.Err() == nil {
			next.deleted[name] = entry.gone()
			continue
		}
		entry.Valid, entry.Problems = false, problems.of(entry.Source.File, path)
		if entry.Problems.Err() == nil {
			unsure := Problem{File: entry.Source.File, Message: fmt.Sprintf(
				"does not declare pool %q any more; the pool stays until every manifest can be read, or is deleted by command", name)}
			entry.Problems = append(entry.Problems, unsure)
			kept = append(kept, unsure)
		}
		next.declared[name] = entry
	}
	return next, kept
}

// generation is that of a pool that has just been read.
func (s poolSet) generation(p *Pool) int64 {
	previous, known := s.declared[p.Metadata.Name]
	if !known {
		previous, known = s.deleted[p.Metadata.Name]
	}
	switch {
	case !known:
		return 1
	case equalSpec(previous.Pool, p):
		return previous.Generation
	default:
		return previous.Generation + 1
	}
}

// without is the set with a declared pool deleted.
func (s poolSet) without(name string) poolSet {
	entry, declared := s.declared[name]
	if !declared {
		return s
	}
	next := poolSet{declared: maps.Clone(s.declared), deleted: maps.Clone(s.deleted)}
	delete(next.declared, name)
	next.deleted[name] = entry.gone()
	return next
}

// gone is the entry without what was wrong with a file that does not matter now.
func (e PoolEntry) gone() PoolEntry {
	e.Valid, e.Problems = true, nil
	return e
}

// forgetting is the set without a deleted pool.
func (s poolSet) forgetting(name string) poolSet {
	next := poolSet{declared: s.declared, deleted: maps.Clone(s.deleted)}
	delete(next.deleted, name)
	return next
}

// of are the problems of these files.
func (ps Problems) of(files ...string) Problems {
	return ps.filter(func(p Problem) bool { return slices.Contains(files, p.File) })
}
