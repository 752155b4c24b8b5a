package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// poolRecord is what is remembered of a pool between passes. Losing it costs
// nothing but a little history.
type poolRecord struct {
	failures []Failure
	asked    map[string]bool // ids that the controller itself has stopped
	status   *spec.PoolStatus
	failed   []Result // of stops that ended since the last pass
	failing  bool     // an action of the last pass did not work
	begun    int      // passes that have begun
	ended    int      // the latest of them that has ended
	unseen   int      // observations in a row that did not work
	outage   bool     // the engine has been away since the last one that did
}

// note records what the actions did, and says whether they changed anything.
func (r *Reconciler) note(pool string, s State, results []Result) bool {
	changed := false
	r.mu.Lock()
	record := r.locked(pool)
	record.failing = slices.ContainsFunc(results, func(result Result) bool { return result.Err != nil })
	for _, result := range results {
		switch a := result.Action.(type) {
		case Stop:
			if !result.Skipped && result.Err == nil {
				record.asked[a.ID] = true
			}
			continue // it changes something when it ends
		case Start:
			if result.Err == nil {
				delete(record.asked, a.ID) // it runs again: its next end is its own
			}
			if errors.Is(result.Err, runtime.ErrInvalid) || errors.Is(result.Err, runtime.ErrStuck) {
				record.failures = append(slices.Clone(record.failures), startFailure(s, a, result.Err))
				changed = true
			}
		}
		changed = changed || result.Err == nil && !result.Skipped
	}
	r.mu.Unlock()
	for _, result := range results {
		r.tell(pool, result)
	}
	return changed
}

// asked returns the ids of a pool's containers that the controller has stopped,
// and drops those that are no more.
func (r *Reconciler) asked(pool string, o Observed) map[string]bool {
	still := map[string]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	for c := range o.each() {
		if record.asked[c.ID] {
			still[c.ID] = true
		}
	}
	record.asked = still
	return maps.Clone(still)
}

// begin counts a pass; the returned function is called at its end.
func (r *Reconciler) begin(pool string) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	record.begun++
	number := record.begun
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		record.ended = number
	}
}

// Passed has a pool looked at, and returns when a pass that began after the call
// has ended: its status is then about what was before the call. It ends with ctx.
func (r *Reconciler) Passed(ctx context.Context, pool string) error {
	begun := func() (begun, ended int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		record := r.locked(pool)
		return record.begun, record.ended
	}
	before, _ := begun()
	r.Enqueue(pool)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, ended := begun(); ended > before {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// seen notes that the engine has told what a pool has. What has ended when the
// engine comes back ended with it: that is no failure, and starts no backoff, nor
// goes on with one.
func (r *Reconciler) seen(pool string, o Observed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	record.unseen = 0
	if !record.outage {
		return
	}
	for c := range o.each() {
		if _, failed := failureOf(record.failures, c); c.State == runtime.StateExited && !failed {
			record.asked[c.ID] = true
		}
	}
	record.outage, record.failures = false, nil
}

// startFailure is the failure of a container whose start the engine refused.
func startFailure(s State, a Start, err error) Failure {
	return Failure{
		ID: a.ID, Name: a.Name, Role: a.Owner.Role, SpecHash: a.Owner.SpecHash,
		At: s.Now, Reason: "could not be started: " + err.Error(), Stuck: errors.Is(err, runtime.ErrStuck),
	}
}

// stopDone is called when a stop has ended.
func (r *Reconciler) stopDone(pool string, stop Stop, err error) {
	if err != nil {
		r.mu.Lock()
		record := r.locked(pool)
		record.failed = append(record.failed, Result{Action: stop, Err: err})
		delete(record.asked, stop.ID)
		r.mu.Unlock()
	}
	r.Claimable.Drop(pool, stop.ID)
	if r.stopped != nil {
		r.stopped(pool)
		return
	}
	r.Enqueue(pool)
}

func (r *Reconciler) takeFailedStops(pool string) []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	failed := record.failed
	record.failed = nil
	return failed
}

func (r *Reconciler) forget(pool string) {
	r.Manifests.Forget(pool)
	_ = r.rollouts.forget(pool)
	r.Prober.Watch(pool, nil)
	r.observer.forget(pool)
	r.mu.Lock()
	delete(r.pools, pool)
	r.mu.Unlock()
	r.event(pool, EventNormal, "Drained", "pool/"+pool, "nothing of it is left")
}

func (r *Reconciler) noneStopping(pool string) bool { return len(r.stops.of(pool)) == 0 }

func (r *Reconciler) failures(pool string) []Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.locked(pool).failures
}

// locked is the record of a pool, for a caller that holds the lock.
func (r *Reconciler) locked(pool string) *poolRecord {
	record := r.pools[pool]
	if record == nil {
		record = &poolRecord{asked: map[string]bool{}}
		r.pools[pool] = record
	}
	return record
}
