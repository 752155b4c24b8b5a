package reconcile

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"hal-controller/pkg/runtime"
)

// maxGrace bounds a stop: a container that has not ended by then is stuck in
// the engine, and the next pass tries again.
const maxGrace = 10 * time.Minute

// stops are the containers that are being stopped just now. A stop takes as
// long as the container's grace, so it goes on beside the passes, which see
// the container as being on its way down.
type stops struct {
	containers runtime.Containers
	slots      chan struct{}
	done       func(pool string, stop Stop, err error)

	mu      sync.Mutex
	stopped *sync.Cond
	pools   map[string]map[string]bool
	running int
}

func newStops(containers runtime.Containers, parallel int, done func(pool string, stop Stop, err error)) *stops {
	s := &stops{
		containers: containers, slots: make(chan struct{}, parallel), done: done,
		pools: map[string]map[string]bool{},
	}
	s.stopped = sync.NewCond(&s.mu)
	return s
}

// begin stops a container in the background; one that is being stopped already
// is left to it.
func (s *stops) begin(pool string, stop Stop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pools[pool][stop.ID] {
		return
	}
	if s.pools[pool] == nil {
		s.pools[pool] = map[string]bool{}
	}
	s.pools[pool][stop.ID] = true
	s.running++
	go s.run(pool, stop)
}

func (s *stops) run(pool string, stop Stop) {
	s.slots <- struct{}{}
	// The engine goes on with a stop when its caller is gone, so there is
	// nothing to gain by ending it with the controller.
	ctx, cancel := context.WithTimeout(context.Background(), maxGrace)
	err := s.containers.Stop(ctx, stop.ID)
	cancel()
	<-s.slots
	if err != nil {
		err = fmt.Errorf("%s: %w", stop, err)
	}
	s.mu.Lock()
	delete(s.pools[pool], stop.ID)
	s.mu.Unlock()
	s.done(pool, stop, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.stopped.Broadcast()
}

// of returns the ids being stopped in a pool.
func (s *stops) of(pool string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.pools[pool])
}

// has says whether a container is being stopped.
func (s *stops) has(pool, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pools[pool][id]
}

// wait returns when no stop is under way, and done has returned for each that was.
func (s *stops) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running > 0 {
		s.stopped.Wait()
	}
}
