package claim

import (
	"time"

	"hal-controller/pkg/claim/bind"
)

// Extend moves the end of a claim, by that much from now: no further than its pool
// lets a claim have at once.
func (c *Claims) Extend(who bind.Caller, name string, by time.Duration) (Record, error) {
	record, err := c.extend(who, name, by)
	c.Audit.write(Entry{Who: who.UID, What: "extend", Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
	return record, err
}

func (c *Claims) extend(who bind.Caller, name string, by time.Duration) (Record, error) {
	record, err := c.usable(who, name)
	if err != nil {
		return record, err
	}
	if most := c.claimTTL(record.Pool); most > 0 && by > most {
		return record, refuse("pool %q gives a claim %s at a time: extend it by that, and again later", record.Pool, most)
	}
	free, err := c.names.hold(c.life, name)
	if err != nil {
		return record, err
	}
	defer free()
	current, exists := c.current(name)
	if !exists || current.Worker != record.Worker || current.Phase != Bound {
		return record, refuse("claim %q has just ended", name)
	}
	current.Extended = c.Now()
	current.Expires = current.Extended.Add(by)
	return current, c.keep(current)
}

// claimTTL is how long a pool gives a claim; 0: for ever.
func (c *Claims) claimTTL(name string) time.Duration {
	pool, known := c.Pool(name)
	if !known {
		return 0
	}
	return time.Duration(pool.Spec.Workers.Lifetime.ClaimTTL)
}
