package claim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// What counts as nothing between two looks: an engine's and a network's own noise.
const (
	idlePeriod  = 10 * time.Second
	idleCPU     = 50 * time.Millisecond
	idleNetwork = 16 << 10
)

// pulse is a claim's life as it was seen last.
type pulse struct {
	usage  runtime.Usage
	active time.Time // the last time it was seen at work
	warned bool
}

// atWork says whether a worker does something: somebody is connected to it, it has
// processes beside those of an idle one, or it has used CPU time or the network since
// the last look. A build that prints nothing for an hour has processes.
func atWork(before, now runtime.Usage, sessions, idleProcesses int) bool {
	return sessions > 0 || now.Processes > idleProcesses ||
		now.CPU-before.CPU > idleCPU || now.Network > before.Network+idleNetwork
}

// idleness watches the claims that end when nothing is done in them.
type idleness struct {
	mu     sync.Mutex
	pulses map[string]pulse // by worker
	// idle is how many processes a worker of a revision has that waits; 0 while it is
	// being found out. Of a revision that is not known, any process counts as work.
	idle map[string]int
}

func newIdleness() *idleness {
	return &idleness{pulses: map[string]pulse{}, idle: map[string]int{}}
}

// begin says, once for each revision, that it is to be found out what its workers have
// when they wait.
func (i *idleness) begin(revision string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, begun := i.idle[revision]; begun {
		return false
	}
	i.idle[revision] = 0
	return true
}

// endsIdle says whether idleness ends the claims on a pool. Elsewhere the engine is not
// asked what its workers do.
func (c *Claims) endsIdle(name string) bool {
	pool, known := c.Pool(name)
	return known && pool.Spec.Workers.Lifetime.ClaimIdleTimeout > 0
}

// A probe or a warm-up may run in a worker that waits: the fewest of these looks count.
const (
	idleLooks  = 5
	idleLookIn = time.Second
)

// learnIdle finds out how many processes a worker has that nobody has claimed.
func (c *Claims) learnIdle(ctx context.Context, worker runtime.Container) {
	fewest := 0
	for range idleLooks {
		usage, err := c.Meters.Usage(ctx, worker.ID)
		if err == nil && usage.Processes > 0 && (fewest == 0 || usage.Processes < fewest) && !c.knows(worker.ID) {
			fewest = usage.Processes
		}
		select {
		case <-time.After(idleLookIn):
		case <-ctx.Done():
			return
		}
	}
	c.idleness.mu.Lock()
	defer c.idleness.mu.Unlock()
	if fewest > 0 {
		c.idleness.idle[worker.Owner.Revision] = fewest
		return
	}
	delete(c.idleness.idle, worker.Owner.Revision) // the next worker of it tells
}

// saw takes a look into account, and returns for how long nothing has been done. The
// first look counts as work: nothing is known of before.
func (i *idleness) saw(r Record, now time.Time, usage runtime.Usage, sessions int) (idle time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p, known := i.pulses[r.Worker]
	if !known || atWork(p.usage, usage, sessions, i.idle[r.Revision]) {
		p.active, p.warned = now, false
	}
	p.usage = usage
	i.pulses[r.Worker] = p
	return now.Sub(p.active)
}

// warn says, once for each time of idleness, that its end is near.
func (i *idleness) warn(worker string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.pulses[worker]
	first := !p.warned
	p.warned = true
	i.pulses[worker] = p
	return first
}

func (i *idleness) forget(worker string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.pulses, worker)
}

// endIdle releases the claims in which nothing has been done for as long as their
// pool allows, and warns a minute before, or at half the time. Looks may be late: what has
// not been warned of is released at the next one.
func (c *Claims) endIdle() {
	for _, r := range c.List() {
		pool, known := c.Pool(r.Pool)
		if !known || r.Phase != Bound || c.isHeld(r.Name) {
			continue
		}
		allowed := time.Duration(pool.Spec.Workers.Lifetime.ClaimIdleTimeout)
		if allowed == 0 {
			continue
		}
		usage, err := c.Meters.Usage(c.life, r.Worker)
		if err != nil {
			continue // it has ended, or the engine is away: that is no idleness
		}
		switch idle := c.idleness.saw(r, c.Now(), usage, c.sessions.count(r.Worker)); {
		case idle < allowed-min(time.Minute, allowed/2):
		case c.idleness.warn(r.Worker):
			c.Event(r.Pool, reconcile.EventWarning, "ClaimIdle", r.Name, fmt.Sprintf("nothing was done in it for %s: it is released at %s", idle.Round(time.Second), allowed))
		case idle >= allowed:
			left, err := c.leaveUnheld(r, fmt.Sprintf("nothing was done in it for %s", idle.Round(time.Second)))
			if !left && err == nil {
				continue
			}
			c.Audit.write(Entry{Who: r.Caller.UID, What: "idle", Claim: r.Name, Pool: r.Pool, Container: r.Worker, Err: err})
		}
	}
}
