package reconcile

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Options of a Reconciler. All are required but for Log and those that may be nil.
type Options struct {
	Runtime   runtime.Runtime
	Manifests Manifests
	Prober    Prober
	Rollouts  RolloutStore
	Claimable *Claimable
	// Claims are those on record. Nil: none.
	Claims Claims
	// Slots are made with each worker. Nil: none.
	Slots  Slots
	Events *Events
	// Parallel bounds the calls to the engine at one time, over all pools; stops,
	// which mostly wait, have four times as many places of their own.
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
	rollouts *rolloutRecords
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
	r.rollouts = &rolloutRecords{store: o.Rollouts, log: o.Log, records: map[string]Rollout{}}
	r.stops = newStops(o.Runtime, max(1, o.Parallel)*4, r.stopDone)
	if r.Claims == nil {
		r.Claims = noClaims{}
	}
	if r.Slots == nil {
		r.Slots = NoSlots{}
	}
	r.executor = executor{runtime: o.Runtime, claimable: o.Claimable, claims: r.Claims, slots: r.Slots, stops: r.stops, places: make(chan struct{}, max(1, o.Parallel))}
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

// blindAfter is how many times in a row the engine may fail to tell what it has,
// in other ways than by not being there, until that is called unavailable.
const blindAfter = 3

// blind says whether a failed observation means that the engine is unavailable.
func (r *Reconciler) blind(pool string, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	record.unseen++
	record.outage = record.outage || errors.Is(err, runtime.ErrUnavailable)
	return errors.Is(err, runtime.ErrUnavailable) || record.unseen >= blindAfter
}

const (
	// settlingTime is when to look again at a worker that has ended just now.
	settlingTime = 30 * time.Millisecond
	// removingTime is when to look again at what seems to be on its way out: an event
	// tells of its end, if that comes.
	removingTime = time.Second
)

// Reconcile does one pass for one pool: observe, decide, act, report.
func (r *Reconciler) Reconcile(ctx context.Context, pool string) (Pass, error) {
	state, manifest, known := r.state(pool)
	if !known {
		return Pass{}, nil
	}
	defer r.begin(pool)()
	var err error
	if state.Observed, err = r.observe(ctx, state); err != nil {
		if r.blind(pool, err) {
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
	r.Claims.Observed(pool, state.Observed.Containers)
	results := append(r.takeFailedStops(pool), r.executor.execute(ctx, pool, r.part(plan, pool))...)
	r.observer.acted(pool, results)
	changed := r.note(pool, state, results)
	r.publish(state, Report{Plan: plan, Results: results, Source: manifest.Source, Problems: manifest.Problems})
	if plan.Drained && r.noneStopping(pool) {
		r.forget(pool)
	}
	if state.Observed.unsettled() {
		plan.requeue(settlingTime)
	}
	if state.Observed.removing() {
		plan.requeue(removingTime)
	}
	if len(state.Observed.Unanswered) > 0 {
		plan.requeue(unansweredFor)
	}
	return Pass{Again: changed, RequeueAfter: plan.RequeueAfter}, failure(results)
}

// creationsAtOnce bounds the creations of one pass, as a multiple of the calls at one
// time: whatever else happens to the pool waits for the pass to end.
const creationsAtOnce = 8

// part is the part of a plan to carry out in this pass: what is urgent, unless
// the last pass had failures. What fails again and again must not keep the dead
// from being removed for ever.
func (r *Reconciler) part(p Plan, pool string) Plan {
	p = p.Bounded(creationsAtOnce * max(1, r.Parallel))
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
		Claims: r.Claims.Bindings(pool), Waiting: r.Claims.Waiting(pool),
		Rollout: r.rollouts.get(pool), Now: r.Now(),
	}, manifest, true
}

func (r *Reconciler) observe(ctx context.Context, s State) (Observed, error) {
	observed, err := r.observer.observe(ctx, s.Name, imagesOf(s))
	if err != nil {
		return Observed{}, err
	}
	r.seen(s.Name, observed)
	observed.Stopping = r.stops.of(s.Name)
	observed.Asked = r.asked(s.Name, observed)
	r.Prober.Watch(s.Name, targets(s, observed))
	observed.Health = r.Prober.Health(s.Name)
	return observed, nil
}

// learn brings the records that outlive a pass up to date: failures, rollout.
func (r *Reconciler) learn(ctx context.Context, s State) (State, error) {
	r.mu.Lock()
	record := r.locked(s.Name)
	s.Failures = record.failures
	record.failures = RecordFailures(s)
	r.mu.Unlock()
	r.quoteLogs(ctx, s.Name)
	s.Failures = r.failures(s.Name)
	before, after, err := r.rollouts.change(s.Name, func(current Rollout) (Rollout, error) {
		s.Rollout = current
		return Advance(s), nil
	})
	s.Rollout = after
	s.Failures = slices.Concat(s.Failures, presumed(s))
	if after.Outcome != before.Outcome && after.Outcome != "" {
		r.event(s.Name, EventWarning, string(after.Outcome), "pool/"+s.Name, after.Message)
	}
	return s, err
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

// ChangeRollout applies a person's word to a pool's rollout, and keeps it.
func (r *Reconciler) ChangeRollout(pool string, change func(Rollout) (Rollout, error)) error {
	if _, _, err := r.rollouts.change(pool, change); err != nil {
		return err
	}
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
