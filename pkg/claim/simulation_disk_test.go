package claim_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"

	"hal-controller/pkg/claim/bind"
)

// The store is a link to where the records are. Where that is a file in its place, or
// the controller is dead, nothing can be written any more.
func (s *simulation) records() string   { return filepath.Join(s.dir, "records") }
func (s *simulation) storeLink() string { return filepath.Join(s.dir, "store") }

// linkStore puts one in the place of the other at once: the controller may be writing.
func (s *simulation) linkStore(whole bool) {
	s.linking.Lock()
	defer s.linking.Unlock()
	next := s.storeLink() + ".next"
	err := os.WriteFile(next, nil, 0o600)
	if whole {
		err = errors.Join(os.Remove(next), os.Symlink(s.records(), next))
	}
	if err = errors.Join(err, os.Rename(next, s.storeLink())); err != nil {
		s.violated("the simulation's own store: %v", err)
	}
}

func (s *simulation) breakStore(broken bool) {
	s.broken, s.damaged = broken, s.damaged || broken
	s.linkStore(!broken && !s.dead.Load())
}

// mortal is a binder that a dead controller cannot use.
type mortal struct {
	*binder
	dead *atomic.Bool
}

var errDead = errors.New("the controller is dead")

func (m mortal) Make(worker, slot string) error {
	if m.dead.Load() {
		return errDead
	}
	return m.binder.Make(worker, slot)
}

func (m mortal) Bind(worker, slot string, source *os.File, access bind.Access) (bind.Result, error) {
	if m.dead.Load() {
		return bind.Result{}, errDead
	}
	return m.binder.Bind(worker, slot, source, access)
}

func (m mortal) Remove(worker string) error {
	if m.dead.Load() {
		return errDead
	}
	return m.binder.Remove(worker)
}
