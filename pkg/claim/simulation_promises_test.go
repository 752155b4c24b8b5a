package claim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
)

// granted is a worker that somebody was told, or the disk says, to be theirs.
type granted struct {
	record    claim.Record
	released  bool // its person has given it back
	expired   bool // its time was over, at some moment
	discarded bool // with what is in it
	saved     bool // what is in it
	lost      bool // somebody took it away by hand
}

// mayGo says whether the controller may stop and remove a worker: one of a claim whose
// record was lost may be of one that was half made, says the record when it is back.
func (g *granted) mayGo(now time.Time) bool {
	return g.released || g.expired || g.lost || g.record.Recovered || g.timeIsUp(now)
}

func (g *granted) timeIsUp(now time.Time) bool {
	return !g.record.Expires.IsZero() && !now.Before(g.record.Expires)
}

// promises are what the controller owes, and what was seen of it.
type promises struct {
	mu          sync.Mutex
	violation   breach
	story       []string
	grants      map[string]*granted // by worker, for ever: none is given twice
	claimed     map[string]string   // the claim that a worker was named after, by worker
	stopped     map[string]bool     // workers that the controller has stopped or removed
	limits      []limit
	people      []*person
	turns       int
	group       sync.WaitGroup
	meddled     bool // somebody removed a worker by hand
	foreign     []runtime.Container
	spoilt      map[string]mishap
	spoiltAfter map[fake.Call]mishap
}

// limit is a max that was declared at a time.
type limit struct {
	most  int
	since time.Time
}

func newPromises() promises {
	return promises{
		grants: map[string]*granted{}, claimed: map[string]string{}, stopped: map[string]bool{},
		spoilt: map[string]mishap{}, spoiltAfter: map[fake.Call]mishap{},
	}
}

// breach says how a promise was broken; none for "".
type breach string

func breachOf(format string, args ...any) breach { return breach(fmt.Sprintf(format, args...)) }

// violated notes the first promise that was broken.
func (p *promises) violated(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.breach(format, args...)
}

func (p *promises) breach(format string, args ...any) {
	if p.violation == "" {
		p.violation = breachOf(format, args...)
	}
}

// say adds a line to the story that is told of a history that breaks a promise.
func (p *promises) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(format, args...)
}

func (p *promises) tell(format string, args ...any) {
	p.story = append(p.story, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

// fail ends the history.
func (s *simulation) fail(b breach) {
	s.mu.Lock()
	defer s.mu.Unlock()
	panic(breach(fmt.Sprintf("%s\nhistory:\n  %s", b, strings.Join(s.story, "\n  "))))
}

// answered takes note of what somebody was told.
func (s *simulation) answered(p *person, r claim.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.done = true
	s.tell("    claim %s is answered: worker %.12s, %v", p.name, r.Worker, err)
	if err != nil || s.dead.Load() {
		return
	}
	if r.Phase != claim.Bound {
		s.breach("claim %s was answered while it is %s", r.Name, r.Phase)
	}
	if s.grants[r.Worker] == nil && !r.Recovered {
		bound := s.binder.bound(reconcile.WorkerName(r.Pool, r.Ordinal))
		if want := projectsOf(r); !maps.Equal(bound, want) {
			s.breach("claim %s is bound %v instead of %v", r.Name, bound, want)
		}
	}
	s.grant(r)
}

func projectsOf(r claim.Record) map[string]string {
	if r.Project == "" {
		return map[string]string{}
	}
	return map[string]string{reconcile.WorkspaceSlot: r.Project}
}

func (s *simulation) grant(r claim.Record) {
	if g := s.grants[r.Worker]; g != nil {
		if g.record.Name != r.Name {
			s.breach("claims %s and %s have one worker", g.record.Name, r.Name)
		}
		return
	}
	if s.stopped[r.Worker] && !r.Recovered {
		s.breach("claim %s has a worker that had been stopped", r.Name)
	}
	for _, g := range s.grants {
		if g.record.Name == r.Name && !g.mayGo(s.now()) {
			s.breach("claim %s has another worker than it had", r.Name)
		}
	}
	s.grants[r.Worker] = &granted{record: r}
}

// onRecord takes the disk's word after a crash, for what nobody was told.
func (s *simulation) onRecord(records []claim.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if r.Phase == claim.Bound && !s.stopped[r.Worker] && s.grants[r.Worker] == nil && s.exists(r.Worker) {
			s.grant(r)
		}
	}
	s.people = nil
}

func (s *simulation) exists(id string) bool {
	return slices.ContainsFunc(s.workers(), func(c runtime.Container) bool { return c.ID == id })
}

func (s *simulation) releasing(name string, discard bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.record.Name == name {
			g.released, g.discarded = true, g.discarded || discard
		}
	}
}

func (s *simulation) prolonged(r claim.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grants[r.Worker]; g != nil {
		g.record, g.expired = r, false
	}
}

// timesUp notes whose time is over, before the clock is set back.
func (s *simulation) timesUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.expired = g.expired || g.timeIsUp(s.now())
	}
}

// takeAway removes a worker by hand.
func (s *simulation) takeAway(worker runtime.Container) {
	s.mu.Lock()
	s.meddled = true
	if g := s.grants[worker.ID]; g != nil {
		g.lost = true
	}
	s.mu.Unlock()
	s.engine.Delete(worker.Name)
}

func (s *simulation) saved(worker string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grants[worker]; g != nil {
		g.saved = true
	}
}

func (s *simulation) allow(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = append(s.limits, limit{most, time.Now()})
}
