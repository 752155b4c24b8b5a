package reconcile

import (
	"slices"
	"sync"
)

// Claimable is the set of workers on offer to claims. It is the one place where
// a claim and the retiring of a worker meet: a claim takes a worker out of the
// set, a retirement does, and only one of them can have it.
type Claimable struct {
	mu      sync.Mutex
	offered map[string][]string        // pool -> worker ids, best first
	taken   map[string]map[string]bool // pool -> ids that a claim has taken
}

// Offer replaces what a pool offers: the ids of ready workers, best first.
// Those that a claim has taken are not offered again.
func (c *Claimable) Offer(pool string, ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offered == nil {
		c.offered = map[string][]string{}
	}
	c.offered[pool] = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return c.taken[pool][id] })
}

// Take takes the best worker of a pool for a claim; false when there is none.
// It stays taken until it is dropped.
func (c *Claimable) Take(pool string) (id string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := c.offered[pool]
	if len(ids) == 0 {
		return "", false
	}
	if c.taken == nil {
		c.taken = map[string]map[string]bool{}
	}
	if c.taken[pool] == nil {
		c.taken[pool] = map[string]bool{}
	}
	c.taken[pool][ids[0]] = true
	c.offered[pool] = ids[1:]
	return ids[0], true
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
	c.offered[pool] = slices.DeleteFunc(c.offered[pool], func(offered string) bool { return offered == id })
	return true
}
