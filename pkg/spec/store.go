package spec

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// PoolEntry is a pool's manifest as it is in force. It is a snapshot: what it
// refers to is never changed, by the Store or by who gets it.
type PoolEntry struct {
	// Pool is defaulted and valid, and its paths are absolute.
	Pool *Pool
	// Source is where Pool was read.
	Source Source
	// Generation counts the changes of the defaulted spec, from 1.
	Generation int64
	// Valid says that Pool is the latest content of its file. If not, it is the
	// last good one.
	Valid bool
	// Problems are those of the file's latest content.
	Problems Problems
}

// Store keeps the last good pools of one file or directory of manifests. Its
// methods may be called from any goroutine.
//
// A file is taken as a whole: while there is an error in it, or it cannot be
// read, every pool that came from it stays as it was. While any file is such,
// nothing is deleted, since a document may be on its way between two files.
type Store struct {
	path  string
	saved *savedPools
	// pause waits before what seems deleted is looked at again.
	pause func()

	// changing is held by one change from its reading to its end.
	changing sync.Mutex
	// mu guards what follows, which is also changed only with changing held.
	mu       sync.RWMutex
	set      poolSet
	claims   map[string]ClaimEntry
	loaded   Problems // by the last Reload
	problems Problems
	synced   bool
}

// A program that moves a file away before it writes the new one takes less.
const settleTime = 200 * time.Millisecond

// NewStore makes a Store of the manifests at path; they are read by Reload.
//
// In stateDir it keeps each last good pool, so that the next Store begins with
// them: on a broken file the last good manifest stays in force, generations go
// on, and a pool that was deleted meanwhile is still known. State that cannot be
// used is a warning among the problems. An empty stateDir keeps nothing.
func NewStore(path, stateDir string) *Store {
	s := &Store{path: path, saved: newSavedPools(stateDir), pause: func() { time.Sleep(settleTime) }}
	s.set = s.saved.read()
	s.problems = s.saved.problems()
	return s
}

// Reload reads all manifests, and returns the problems there are now. A pool that
// is gone is looked for twice within a fifth of a second before it is deleted.
func (s *Store) Reload() Problems {
	s.changing.Lock()
	defer s.changing.Unlock()
	objects, problems := LoadPath(s.path)
	if problems.Err() == nil && s.set.misses(objects) {
		s.pause()
		objects, problems = LoadPath(s.path)
	}
	set, kept := s.set.after(s.path, objects, problems)
	s.loaded = append(problems, kept...)
	s.keepClaims(objects, problems)
	s.publish(set, problems.Err() == nil)
	return s.Problems()
}

// ClaimEntry is a claim's manifest as it is in force.
type ClaimEntry struct {
	Claim  *Claim
	Source Source
}

// keepClaims takes over the claims that have been read. While there is an error in
// any manifest, those that were not read stay.
func (s *Store) keepClaims(objects []Object, problems Problems) {
	next := map[string]ClaimEntry{}
	if problems.Err() != nil {
		maps.Copy(next, s.claims)
	}
	for _, o := range objects {
		if o.Claim != nil && problems.of(o.Source.File).Err() == nil {
			next[o.Name()] = ClaimEntry{o.Claim, o.Source}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims = next
}

// Claims are the declared claims by name.
func (s *Store) Claims() []ClaimEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]ClaimEntry, 0, len(s.claims))
	for _, name := range slices.Sorted(maps.Keys(s.claims)) {
		list = append(list, s.claims[name])
	}
	return list
}

// Delete takes a pool for deleted though nothing was read. A Reload that finds it
// declared brings it back.
func (s *Store) Delete(name string) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.publish(s.set.without(name), false)
}

// Forget drops a deleted pool of which nothing is left. It does nothing to one
// that is declared.
func (s *Store) Forget(name string) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.publish(s.set.forgetting(name), false)
}

// publish saves the set and then lets it be seen, so that nobody acts on a
// generation that a restart would not know.
func (s *Store) publish(set poolSet, clean bool) {
	s.saved.write(set)
	problems := slices.Concat(s.loaded, s.saved.problems())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set, s.problems = set, problems
	s.synced = s.synced || clean
}

// Synced says that everything has been read once without error, so that a pool
// that is not known is known not to be declared.
func (s *Store) Synced() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.synced
}

// Pool returns a declared pool.
func (s *Store) Pool(name string) (PoolEntry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	entry, declared := s.set.declared[name]
	return entry, declared
}

// Pools are the declared pools by name.
func (s *Store) Pools() []PoolEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return byName(s.set.declared)
}

// Deleted are the pools, by name, that were declared once and no longer are, as
// they were last, until they are forgotten.
func (s *Store) Deleted() []PoolEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return byName(s.set.deleted)
}

// Problems are what is wrong with the manifests now, and with the saved state.
func (s *Store) Problems() Problems {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.problems)
}

func byName(entries map[string]PoolEntry) []PoolEntry {
	list := make([]PoolEntry, 0, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, entries[name])
	}
	return list
}

// Equal says whether two pools, both defaulted, declare the same.
func Equal(a, b *Pool) bool {
	return a.Metadata.Name == b.Metadata.Name && maps.Equal(a.Metadata.Labels, b.Metadata.Labels) && equalSpec(a, b)
}

// equalSpec compares the JSON forms, in which a missing list is an empty one.
func equalSpec(a, b *Pool) bool {
	textA, errA := json.Marshal(a.Spec)
	textB, errB := json.Marshal(b.Spec)
	return errA == nil && errB == nil && string(textA) == string(textB)
}
