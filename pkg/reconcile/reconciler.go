package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Options of a Reconciler. All but Log are required.
type Options struct {
	Runtime   runtime.Runtime
	Manifests Manifests
	Prober    Prober
	Rollouts  RolloutStore
	Claimable *Claimable
	Events    *Events
	// Parallel bounds the calls to the engine at one time.
	Parallel int
	// Now is the clock.
	Now func() time.Time
	Log logr.Logger
}

// Reconciler makes one pool at a time match its manifest.
type Reconciler struct {
	Options
	observer *observer
	executor executor
	stops    *stops
	// Enqueue is called when a pool should be looked at again, from any
	// goroutine. Set it before the first Reconcile.
	Enqueue func(pool string)
	stopped func(pool string) // is called when a stop has ended; nil: Enqueue

	mu    sync.Mutex
	pools map[string]*poolRecord
}

// New makes a Reconciler.
func New(o Options) *Reconciler {
	r := &Reconciler{Options: o, observer: newObserver(o.Runtime), pools: map[string]*poolRecord{}}
	r.stops = newStops(o.Runtime, max(1, o.Parallel)*4, r.stopDone)
	r.executor = executor{runtime: o.Runtime, claimable: o.Claimable, stops: r.stops, parallel: o.Parallel}
	return r
}

// Pass is the outcome of one pass.
type Pass struct {
	// Again says that something changed, so that it is worth looking at once.
	Again bool
	// RequeueAfter is when to look because of time alone; 0 is never.
	RequeueAfter time.Duration
}

// ErrTerminal marks errors that a retry cannot mend until a manifest or the
// engine changes.
var ErrTerminal = errors.New("retrying cannot help")

// settlingTime is when to look again at a worker that has ended just now.
const settlingTime = 30 * time.Millisecond

// Reconcile does one pass for one pool: observe, decide, act, report.
func (r *Reconciler) Reconcile(ctx context.Context, pool string) (Pass, error) {
	state, manifest, known := r.state(pool)
	if !known {
		return Pass{}, nil
	}
	var err error
	if state.Observed, err = r.observe(ctx, state); err != nil {
		if errors.Is(err, runtime.ErrUnavailable) {
			r.publish(state, Report{Source: manifest.Source, Problems: manifest.Problems, Unavailable: err.Error()})
		}
		return Pass{}, err
	}
	state, err = r.learn(ctx, state)
	if err != nil {
		return Pass{}, err
	}
	plan := Diff(state)
	r.Claimable.Offer(pool, Offer(state))
	results := append(r.takeFailedStops(pool), r.executor.execute(ctx, pool, r.now(plan, pool))...)
	r.observer.acted(pool, results)
	changed := r.note(pool, state, results)
	r.publish(state, Report{Plan: plan, Results: results, Source: manifest.Source, Problems: manifest.Problems})
	if plan.Drained && r.noneStopping(pool) {
		r.forget(pool)
	}
	if state.Observed.unsettled() {
		plan.requeue(settlingTime)
	}
	return Pass{Again: changed, RequeueAfter: plan.RequeueAfter}, failure(results)
}

// now is the part of a plan to carry out in this pass: what is urgent, unless
// the last pass had failures. What fails again and again must not keep the dead
// from being removed for ever.
func (r *Reconciler) now(p Plan, pool string) Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locked(pool).failing {
		return p
	}
	return p.Urgent()
}

// state is what is known of a pool before the engine is asked. A pool that is
// on the engine and in no manifest is deleted, once every source has been read.
func (r *Reconciler) state(pool string) (State, Manifest, bool) {
	manifest, known := r.Manifests.Manifest(pool)
	if !known {
		if !r.Manifests.Synced() {
			return State{}, Manifest{}, false
		}
		manifest.Deleted = true
	}
	return State{
		Name: pool, Pool: manifest.Pool, Generation: manifest.Generation, Deleted: manifest.Deleted,
		Now: r.Now(),
	}, manifest, true
}

func (r *Reconciler) observe(ctx context.Context, s State) (Observed, error) {
	observed, err := r.observer.observe(ctx, s.Name, imagesOf(s, r.record(s.Name).rollout.Good))
	if err != nil {
		return Observed{}, err
	}
	observed.Stopping = r.stops.of(s.Name)
	r.Prober.Watch(s.Name, targets(s, observed))
	observed.Health = r.Prober.Health(s.Name)
	return observed, nil
}

// learn brings the records that outlive a pass up to date: failures, rollout.
func (r *Reconciler) learn(ctx context.Context, s State) (State, error) {
	record := r.record(s.Name)
	if !record.loaded {
		rollout, err := r.Rollouts.Load(s.Name)
		if err != nil {
			r.Log.Error(err, "rollout record is lost; there is no revision to fall back to", "pool", s.Name)
		}
		r.mu.Lock()
		record.rollout, record.loaded = rollout, true
		r.mu.Unlock()
	}
	r.mu.Lock()
	s.Rollout, s.Failures = record.rollout, record.failures
	record.failures = RecordFailures(s, record.asked)
	ended := presumed(s, record.asked)
	r.mu.Unlock()
	r.quoteLogs(ctx, s.Name)
	s.Failures = r.failures(s.Name)
	s, err := r.advance(s)
	s.Failures = slices.Concat(s.Failures, ended)
	return s, err
}

func (r *Reconciler) advance(s State) (State, error) {
	next := Advance(s)
	if sameRollout(next, s.Rollout) {
		return s, nil
	}
	if err := r.Rollouts.Save(s.Name, next); err != nil {
		return s, fmt.Errorf("save the rollout record of pool %q: %w", s.Name, err)
	}
	if next.Outcome != s.Rollout.Outcome && next.Outcome != "" {
		r.event(s.Name, EventWarning, string(next.Outcome), "pool/"+s.Name, next.Message)
	}
	r.mu.Lock()
	r.locked(s.Name).rollout = next
	r.mu.Unlock()
	s.Rollout = next
	return s, nil
}

// sameRollout compares records; a template is as good as its revision.
func sameRollout(a, b Rollout) bool {
	same := a.GoodRevision == b.GoodRevision && (a.Good == nil) == (b.Good == nil)
	a.Good, b.Good = nil, nil
	return same && a == b
}

// failure is the error of a pass. It is terminal when each of its parts is.
func failure(results []Result) error {
	var errs []error
	terminal := true
	for _, result := range results {
		if result.Err != nil {
			errs = append(errs, result.Err)
			terminal = terminal && result.terminal()
		}
	}
	if len(errs) > 0 && terminal {
		errs = append(errs, ErrTerminal)
	}
	return errors.Join(errs...)
}

// Stopping says whether the controller itself is stopping a container just now.
func (r *Reconciler) Stopping(pool, id string) bool { return r.stops.has(pool, id) }

// Status is the latest status of a pool; nil when there is none yet. It must
// not be changed.
func (r *Reconciler) Status(pool string) *spec.PoolStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record := r.pools[pool]; record != nil {
		return record.status
	}
	return nil
}

// Pools are the names of the pools with a status, sorted.
func (r *Reconciler) Pools() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return sortedKeys(r.pools)
}

// ChangeRollout applies a person's word to a pool's rollout and keeps it.
func (r *Reconciler) ChangeRollout(pool string, change func(Rollout) (Rollout, error)) error {
	record := r.record(pool)
	r.mu.Lock()
	current := record.rollout
	r.mu.Unlock()
	next, err := change(current)
	if err != nil {
		return err
	}
	if err := r.Rollouts.Save(pool, next); err != nil {
		return fmt.Errorf("save the rollout record of pool %q: %w", pool, err)
	}
	r.mu.Lock()
	record.rollout = next
	r.mu.Unlock()
	r.Enqueue(pool)
	return nil
}

// Invalidate forgets what an event says may have changed.
func (r *Reconciler) Invalidate(e runtime.Event) { r.observer.invalidate(e) }

// InvalidateAll forgets what is remembered of the engine, as after a gap in
// its events.
func (r *Reconciler) InvalidateAll() { r.observer.invalidateAll() }

// Audit has a little of a pool read again, beside what events tell.
func (r *Reconciler) Audit(pool string) { r.observer.audit(pool) }

// WaitStops returns when no stop is under way.
func (r *Reconciler) WaitStops() { r.stops.wait() }
