package claim

import (
	"slices"
	"sync"
)

// sessions are the connections that people have to claimed workers.
type sessions struct {
	mu   sync.Mutex
	open map[string][]*session // by worker
}

type session struct{ tell func(message string) }

func newSessions() *sessions { return &sessions{open: map[string][]*session{}} }

// Opened counts a connection to a claim's worker, until closed is called: a claim
// with one is not idle. tell is told what its person should know; it must not block.
func (c *Claims) Opened(r Record, tell func(message string)) (closed func()) {
	s := &session{tell}
	c.sessions.add(r.Worker, s)
	return sync.OnceFunc(func() { c.sessions.remove(r.Worker, s) })
}

func (s *sessions) add(worker string, one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[worker] = append(s.open[worker], one)
}

func (s *sessions) remove(worker string, one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[worker] = slices.DeleteFunc(s.open[worker], func(other *session) bool { return other == one })
	if len(s.open[worker]) == 0 {
		delete(s.open, worker)
	}
}

func (s *sessions) count(worker string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open[worker])
}

// tell tells everyone who is connected to a worker.
func (s *sessions) tell(worker, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.open[worker] {
		one.tell(message)
	}
}
