package claim_test

import (
	"errors"
	"time"

	"hal-controller/pkg/runtime/fake"
)

// mishap is what happens to a call to the engine.
type mishap string

const (
	refused     mishap = "refused"
	replyLost   mishap = "reply lost"
	slow        mishap = "slow"
	crashBefore mishap = "controller killed before it"
	crashAfter  mishap = "controller killed after it"
)

// next has the next call of a method go wrong.
func (s *simulation) next(method string, m mishap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoilt[method] = m
}

// before is asked before each call, which takes a moment.
func (s *simulation) before(c fake.Call) error {
	s.begun(c)
	s.mu.Lock()
	m := s.spoilt[c.Method]
	delete(s.spoilt, c.Method)
	s.mu.Unlock()
	time.Sleep(time.Millisecond)
	switch m {
	case slow:
		time.Sleep(300 * time.Millisecond)
	case crashBefore:
		s.die()
	case refused:
		return errors.New("refused by the simulation")
	case replyLost, crashAfter:
		s.mu.Lock()
		s.spoiltAfter[c] = m
		s.mu.Unlock()
	}
	if s.dead.Load() {
		return errDead
	}
	s.permit(c)
	return nil
}

// after is asked after each call that was done.
func (s *simulation) after(c fake.Call) error {
	s.done(c)
	s.mu.Lock()
	m := s.spoiltAfter[c]
	delete(s.spoiltAfter, c)
	s.mu.Unlock()
	if m == crashAfter {
		s.die()
	}
	if m != "" || s.dead.Load() {
		return errors.New("reply lost in the simulation")
	}
	return nil
}
