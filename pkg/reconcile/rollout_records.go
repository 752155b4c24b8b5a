package reconcile

import (
	"fmt"
	"sync"

	"github.com/go-logr/logr"
)

// rolloutRecords are the rollout records of all pools. A pass and a person's
// word both change them, one at a time.
type rolloutRecords struct {
	store RolloutStore
	log   logr.Logger

	mu      sync.Mutex
	records map[string]Rollout
}

// get returns the record of a pool.
func (k *rolloutRecords) get(pool string) Rollout {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.locked(pool)
}

// change applies a change to a pool's record and keeps it, all of it or nothing.
func (k *rolloutRecords) change(pool string, change func(Rollout) (Rollout, error)) (before, after Rollout, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before = k.locked(pool)
	after, err = change(before)
	if err != nil || sameRollout(before, after) {
		return before, before, err
	}
	if err := k.store.Save(pool, after); err != nil {
		return before, before, fmt.Errorf("save the rollout record of pool %q: %w", pool, err)
	}
	k.records[pool] = after
	return before, after, nil
}

// forget drops the record of a pool that is no more.
func (k *rolloutRecords) forget(pool string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.records, pool)
	return k.store.Save(pool, Rollout{})
}

// locked is get for a caller that holds the lock.
func (k *rolloutRecords) locked(pool string) Rollout {
	if record, loaded := k.records[pool]; loaded {
		return record
	}
	record, err := k.store.Load(pool)
	if err != nil {
		k.log.Error(err, "rollout record is lost; there is no revision to fall back to", "pool", pool)
	}
	k.records[pool] = record
	return record
}

// sameRollout compares records; a template is as good as its revision.
func sameRollout(a, b Rollout) bool {
	same := a.GoodRevision == b.GoodRevision && (a.Good == nil) == (b.Good == nil)
	a.Good, b.Good = nil, nil
	return same && a == b
}
