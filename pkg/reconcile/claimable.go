package reconcile

import (
	"slices"
	"sync"
)

// Offered is a worker that a claim may take.
type Offered struct {
	ID       string
	Ordinal  int
	Revision string
	// ImageID is what the name of its image stood for when it was made.
	ImageID string
	// Slotted says that it was made with slots, which a controller that cannot bind
	// leaves out.
	Slotted bool
}

// Claimable is the set of workers on offer to claims. It is the one place where
// a claim and the retiring of a worker meet: a claim takes a worker out of the
// set, a retirement does, and only one of them can have it.
type Claimable struct {
	// Notify is called after a pool's offer has changed, by whoever changed it.
	// Nil: nobody is. Set it before the first Offer.
	Notify func(pool string)

	mu      sync.Mutex
	offered map[string][]Offered       // pool -> workers, best first
	taken   map[string]map[string]bool // pool -> ids that a claim has taken
}

// Offer replaces what a pool offers: its ready workers, best first. Those that a
// claim has taken are not offered again.
func (c *Claimable) Offer(pool string, workers []Offered) {
	c.mu.Lock()
	if c.offered == nil {
		c.offered = map[string][]Offered{}
	}
	c.offered[pool] = slices.DeleteFunc(slices.Clone(workers), func(w Offered) bool { return c.taken[pool][w.ID] })
	c.mu.Unlock()
	if c.Notify != nil {
		c.Notify(pool)
	}
}

// Add offers one more worker, until the next Offer says what there is.
func (c *Claimable) Add(pool string, worker Offered) {
	c.mu.Lock()
	if c.offered == nil {
		c.offered = map[string][]Offered{}
	}
	there := slices.ContainsFunc(c.offered[pool], func(w Offered) bool { return w.ID == worker.ID })
	if !there && !c.taken[pool][worker.ID] {
		c.offered[pool] = append(slices.Clone(c.offered[pool]), worker)
	}
	c.mu.Unlock()
	if c.Notify != nil {
		c.Notify(pool)
	}
}

// Take takes the best worker of a pool for a claim; false when there is none.
// It stays taken until it is dropped.
func (c *Claimable) Take(pool string) (worker Offered, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	workers := c.offered[pool]
	if len(workers) == 0 {
		return Offered{}, false
	}
	if c.taken == nil {
		c.taken = map[string]map[string]bool{}
	}
	if c.taken[pool] == nil {
		c.taken[pool] = map[string]bool{}
	}
	c.taken[pool][workers[0].ID] = true
	c.offered[pool] = workers[1:]
	return workers[0], true
}

// Drop forgets that a worker was taken, once it is no more.
func (c *Claimable) Drop(pool, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.taken[pool], id)
}

// Retire takes a worker off the offer so that it can be stopped, whether it was
// on it or not. It is false, and changes nothing, when a claim has taken it.
func (c *Claimable) Retire(pool, id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[pool][id] {
		return false
	}
	c.offered[pool] = slices.DeleteFunc(c.offered[pool], func(w Offered) bool { return w.ID == id })
	return true
}
