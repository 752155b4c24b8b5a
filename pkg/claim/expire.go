package claim

import (
	"fmt"
	"time"

	"hal-controller/pkg/reconcile"
)

// warnBefore is how long before a claim's end people are warned of it; claims that
// are shorter than twice that are warned at half of their time.
const warnBefore = 5 * time.Minute

// expire releases the claims whose time is over, and warns of those where it soon is.
func (c *Claims) expire() {
	for _, r := range c.List() {
		if r.Phase != Bound || r.Expires.IsZero() {
			continue
		}
		if left := r.Expires.Sub(c.Now()); left > 0 {
			c.warn(r, left)
			continue
		}
		left, err := c.leaveUnheld(r, "its time is over")
		if !left && err == nil {
			continue
		}
		c.Audit.write(Entry{Who: r.Caller.UID, What: "expire", Claim: r.Name, Pool: r.Pool, Container: r.Worker, Err: err})
		if err != nil {
			c.Log.Error(err, "claim not released", "claim", r.Name)
		}
	}
}

// warn tells, once for each end that a claim has been given, that it is near: those
// who are connected, and everybody in an event.
func (c *Claims) warn(r Record, left time.Duration) {
	if left > min(warnBefore, r.Expires.Sub(r.begun())/2) || !c.firstWarning(r) {
		return
	}
	message := fmt.Sprintf("released in %s: 'hal extend %s --by 1h' keeps it", left.Round(time.Second), r.Name)
	c.Event(r.Pool, reconcile.EventWarning, "ClaimExpires", r.Name, message)
	c.sessions.tell(r.Worker, fmt.Sprintf("claim %s is %s", r.Name, message))
}

func (c *Claims) firstWarning(r Record) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned[r.Name].Equal(r.Expires) {
		return false
	}
	c.warned[r.Name] = r.Expires
	return true
}
