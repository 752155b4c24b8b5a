package claim_test

import (
	"context"
	"strings"
	"testing/synctest"
	"time"

	"hal-controller/pkg/claim"
)

// person is one who asks for a worker.
type person struct {
	name   string
	leave  context.CancelFunc
	turn   int // in line, of those who have come to stand in it at once; 0 for others
	told   bool
	served bool // a worker was taken for them
	done   bool
}

// begin has somebody ask for a worker.
func (s *simulation) begin(r claim.Request) {
	ctx, leave := context.WithCancel(context.Background())
	p := &person{name: r.Name, leave: leave}
	r.Place = func(int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		p.told = true
	}
	claims := s.claims
	s.group.Go(func() {
		record, err := claims.Claim(ctx, me, r)
		leave()
		s.answered(p, record, err)
	})
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.told && !p.done && !p.served {
		s.turns++
		p.turn = s.turns
	}
	s.people = append(s.people, p)
}

// hangUp ends all that people ask.
func (s *simulation) hangUp() {
	for _, p := range s.asking() {
		p.leave()
	}
	s.group.Wait()
}

// letGo has a claim released.
func (s *simulation) letGo(name string, o claim.ReleaseOptions) {
	s.releasing(name, o.Discard)
	claims := s.claims
	s.group.Go(func() { _, _ = claims.Release(me, name, o) })
}

// prolong has the end of a claim moved.
func (s *simulation) prolong(name string, by time.Duration) {
	claims := s.claims
	s.group.Go(func() {
		if record, err := claims.Extend(me, name, by); err == nil {
			s.prolonged(record)
		}
	})
}

func claimOfName(name string) string {
	_, claim, _ := strings.Cut(name, ".")
	return claim
}
