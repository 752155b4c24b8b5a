package claim

import (
	"slices"
	"sync"

	"hal-controller/pkg/reconcile"
)

// line is who waits for a worker, first come, first served, in each pool.
type line struct {
	claimable *reconcile.Claimable

	mu      sync.Mutex
	waiting map[string][]*waiter
}

// waiter is one claim that waits.
type waiter struct {
	cold  bool // a worker is made for it
	got   chan reconcile.Offered
	gone  chan struct{} // closed when the pool is no more
	place chan int      // how many are served before it; the latest only
	told  int           // the last of them
}

func newLine(claimable *reconcile.Claimable) *line {
	return &line{claimable: claimable, waiting: map[string][]*waiter{}}
}

// join puts a claim at the end of a pool's line, and serves who can be served.
func (l *line) join(pool string, cold bool) *waiter {
	w := &waiter{cold: cold, got: make(chan reconcile.Offered, 1), gone: make(chan struct{}), place: make(chan int, 1), told: -1}
	l.mu.Lock()
	l.waiting[pool] = append(l.waiting[pool], w)
	l.mu.Unlock()
	l.serve(pool)
	return w
}

// leave takes a claim out of the line. It is false when it has been served
// meanwhile: then what it got is in w.got.
func (l *line) leave(pool string, w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting[pool], w)
	if i < 0 {
		return false
	}
	l.waiting[pool] = slices.Delete(l.waiting[pool], i, i+1)
	l.tell(pool)
	return true
}

// dismiss sends all away who wait for pools that are no more.
func (l *line) dismiss(known func(pool string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for pool, waiting := range l.waiting {
		if known(pool) {
			continue
		}
		for _, w := range waiting {
			close(w.gone)
		}
		delete(l.waiting, pool)
	}
}

// serve gives the workers on offer to those who wait, in their order.
func (l *line) serve(pool string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting[pool]) > 0 {
		worker, ok := l.claimable.Take(pool)
		if !ok {
			break
		}
		l.waiting[pool][0].got <- worker
		l.waiting[pool] = l.waiting[pool][1:]
	}
	l.tell(pool)
}

// tell lets everyone know their place, if it is another one.
func (l *line) tell(pool string) {
	for i, w := range l.waiting[pool] {
		if w.told == i {
			continue
		}
		w.told = i
		select {
		case <-w.place:
		default:
		}
		w.place <- i
	}
}

// cold is how many of a pool's line a worker is made for.
func (l *line) cold(pool string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, w := range l.waiting[pool] {
		if w.cold {
			n++
		}
	}
	return n
}

// any says whether somebody waits for a worker of a pool.
func (l *line) any(pool string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting[pool]) > 0
}
