package claim_test

import (
	"reflect"
	"slices"
	"testing/synctest"
	"time"

	"hal-controller/pkg/runtime/fake"
)

// most is how many workers may be: what is declared, or was a moment ago, when a pass
// that goes on began.
func (p *promises) most() int {
	latest := p.limits[len(p.limits)-1]
	most := latest.most
	for i := len(p.limits) - 2; i >= 0 && time.Since(p.limits[i+1].since) < 2*time.Second; i-- {
		most = max(most, p.limits[i].most)
	}
	return most
}

// begun sees a call when it begins.
func (s *simulation) begun(c fake.Call) {
	if c.Method != "rename" || s.dead.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.people {
		p.served = p.served || p.name == claimOfName(c.Detail) && !p.done
	}
}

// permit sees a call at the moment when it has its effect.
func (s *simulation) permit(c fake.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[c.ID]
	switch c.Method {
	case "stop", "remove":
		if g != nil && !g.mayGo(s.now()) {
			s.breach("%s of %s, which claim %s has", c.Method, c.Name, g.record.Name)
		}
		if g != nil && !g.saved && !g.discarded && !g.lost && !g.record.Recovered {
			s.breach("%s of %s, before what is in it was saved", c.Method, c.Name)
		}
	case "rename":
		s.tell("    %s (%.12s) is permitted", c, c.ID)
		name := claimOfName(c.Detail)
		if g != nil && g.record.Name != name {
			s.breach("rename of %s to %s, which claim %s has", c.Name, c.Detail, g.record.Name)
		}
		if before := s.claimed[c.ID]; before != "" && before != name {
			s.breach("claims %s and %s have taken one worker", before, name)
		}
		s.claimed[c.ID] = name
	}
}

// done sees a call that was done.
func (s *simulation) done(c fake.Call) {
	workers := len(s.workers())
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.Method {
	case "stop", "remove":
		// Of a stop whose reply is lost the controller does not know: what it has listed
		// before may be on offer for a moment, and a claim has it started again.
		s.stopped[c.ID] = s.spoiltAfter[c] == "" || s.stopped[c.ID]
	case "create", "start", "rename":
	default:
		return
	}
	s.tell("    %s (%.12s)", c, c.ID)
	if c.Method == "create" && workers > s.most() {
		s.breach("%d workers exist after %s: max is %d", workers, c, s.most())
	}
}

// asking are the people who have no answer yet.
func (s *simulation) asking() []*person {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.DeleteFunc(s.people, func(p *person) bool { return p.done })
	return slices.Clone(s.people)
}

// judge waits until nothing goes on but what takes time, and fails the history if a
// promise is broken. It replaces a controller that died.
func (s *simulation) judge() {
	synctest.Wait()
	s.rise()
	s.judgeLine()
	if foreign := s.engine.Snapshot().Foreign; !reflect.DeepEqual(foreign, s.foreign) {
		s.violated("a foreign container was touched: %v", foreign)
	}
	s.mu.Lock()
	violation := s.violation
	s.mu.Unlock()
	if violation != "" {
		s.fail(violation)
	}
}

// judgeLine has nobody be served before one who came earlier.
func (s *simulation) judgeLine() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, late := range s.people {
		for _, early := range s.people {
			if early.turn > 0 && early.turn < late.turn && late.served && !early.served && !early.done {
				s.breach("claim %s was served before %s, which came earlier", late.name, early.name)
			}
		}
	}
}
