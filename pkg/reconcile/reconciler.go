package reconcile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Manifests are the pools that are declared, and those that no longer are.
type Manifests interface {
	// Manifest returns what is known of a pool; false for one that was never
	// declared, or was deleted and is forgotten.
	Manifest(pool string) (Manifest, bool)
	// Names of all that Manifest knows, sorted.
	Names() []string
	// Synced says that every source has been read without error, so that a pool
	// that is not declared is known not to be.
	Synced() bool
	// Forget drops a deleted pool of which nothing is left.
	Forget(pool string)
}

// Manifest is a pool's manifest as it is in force.
type Manifest struct {
	Pool       *spec.Pool
	Generation int64
	// Deleted says that it is not declared any more; Pool is the last known.
	Deleted bool
	// Source is the file it came from.
	Source string
	// Problems are those of the file's latest content, "" when it is in force.
	Problems string
}

// Prober watches the health of containers.
type Prober interface {
	// Watch sets what is probed in a pool, replacing what was.
	Watch(pool string, targets []Target)
	// Health returns what probing has found, by container id.
	Health(pool string) map[string]Health
}

// Target is a running container with something to probe.
type Target struct {
	ID        string
	Name      string
	StartedAt time.Time
	// Address is where its ports are reached, "" where it has none.
	Address   string
	Warmup    *spec.Warmup
	Readiness *spec.Probe
}

// RolloutStore keeps rollout records over restarts.
type RolloutStore interface {
	// Load returns the record of a pool; the zero Rollout when there is none.
	Load(pool string) (Rollout, error)
	// Save keeps a record; the zero Rollout drops it.
	Save(pool string, r Rollout) error
}

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

// poolRecord is what is remembered of a pool between passes. Losing it costs
// nothing but a little history.
type poolRecord struct {
	rollout  Rollout
	loaded   bool
	failures []Failure
	asked    map[string]bool // ids that the controller itself has stopped
	status   *spec.PoolStatus
	failed   []Result // of stops that ended since the last pass
	failing  bool     // an action of the last pass did not work
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
	r.quoteLogs(ctx, pool)
	state.Failures = r.failures(pool)
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
	s.Failures = slices.Concat(record.failures, presumed(s, record.asked))
	r.mu.Unlock()
	return r.advance(s)
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
			if errors.Is(result.Err, runtime.ErrInvalid) {
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

// startFailure is the failure of a container whose start the engine refused.
func startFailure(s State, a Start, err error) Failure {
	f := Failure{ID: a.ID, Name: a.Name, At: s.Now, Reason: "could not be started: " + err.Error()}
	for c := range s.Observed.each() {
		if c.ID == a.ID {
			f.Role, f.SpecHash = c.Owner.Role, c.Owner.SpecHash
		}
	}
	return f
}

// tell makes an event, and a log line, of an action.
func (r *Reconciler) tell(pool string, result Result) {
	verb, _, _ := strings.Cut(result.Action.String(), " ")
	reason := strings.ToUpper(verb[:1]) + verb[1:]
	switch {
	case result.Skipped:
	case result.Err != nil:
		r.event(pool, EventWarning, "Failed"+reason, result.Action.Object(), result.Err.Error())
	default:
		r.Log.Info("acted", "pool", pool, "action", result.Action.String(), "cause", result.Action.Cause())
		r.event(pool, EventNormal, reason, result.Action.Object(), result.Action.Cause())
	}
}

func (r *Reconciler) event(pool, kind, reason, object, message string) {
	r.Events.Add(Event{Time: r.Now(), Pool: pool, Type: kind, Reason: reason, Object: object, Message: message})
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

// Stopping says whether the controller itself is stopping a container just now.
func (r *Reconciler) Stopping(pool, id string) bool { return r.stops.has(pool, id) }

func (r *Reconciler) takeFailedStops(pool string) []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.locked(pool)
	failed := record.failed
	record.failed = nil
	return failed
}

// quoteLogs gives each new failure its last line of output, while the container
// is still there to be asked.
func (r *Reconciler) quoteLogs(ctx context.Context, pool string) {
	for _, f := range r.failures(pool) {
		if f.quoted {
			continue
		}
		line := r.lastLine(ctx, f.ID)
		r.mu.Lock()
		record := r.locked(pool)
		record.failures = slices.Clone(record.failures)
		for i := range record.failures {
			if record.failures[i].key() == f.key() {
				record.failures[i].LastLog, record.failures[i].quoted = line, true
			}
		}
		r.mu.Unlock()
		r.event(pool, EventWarning, "Failed", f.Name, orElse(strings.TrimSpace(f.Reason+prefixed(": ", line)), "failed"))
	}
}

func (r *Reconciler) lastLine(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	logs, err := r.Runtime.Logs(ctx, id, 1, false)
	if err != nil {
		return ""
	}
	defer logs.Close()
	line, _ := bufio.NewReader(logs).ReadString('\n')
	line = strings.TrimSpace(strings.ToValidUTF8(line, "?"))
	if len(line) > 200 {
		line = line[:200]
	}
	return line
}

func (r *Reconciler) publish(s State, report Report) {
	r.mu.Lock()
	record := r.locked(s.Name)
	previous := record.status
	status := ComputeStatus(s, report, previous)
	record.status = &status
	r.mu.Unlock()
	for _, c := range status.Conditions {
		if was := Condition(previous, c.Type); was.Status != c.Status || was.Reason != c.Reason {
			r.event(s.Name, conditionEvent(c), c.Reason, "pool/"+s.Name, c.Message)
		}
	}
}

func conditionEvent(c spec.Condition) string {
	bad := c.Type == spec.ConditionDegraded && c.Status == spec.ConditionTrue ||
		c.Type == spec.ConditionManifestValid && c.Status != spec.ConditionTrue
	if bad {
		return EventWarning
	}
	return EventNormal
}

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

func (r *Reconciler) forget(pool string) {
	r.Manifests.Forget(pool)
	_ = r.Rollouts.Save(pool, Rollout{})
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

func (r *Reconciler) record(pool string) *poolRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.locked(pool)
}

// locked is record for a caller that holds the lock.
func (r *Reconciler) locked(pool string) *poolRecord {
	record := r.pools[pool]
	if record == nil {
		record = &poolRecord{asked: map[string]bool{}}
		r.pools[pool] = record
	}
	return record
}

// MemoryRollouts keeps rollout records as long as the process runs. The zero
// value is ready to use.
type MemoryRollouts struct {
	mu      sync.Mutex
	records map[string]Rollout
}

// Load returns the record of a pool.
func (m *MemoryRollouts) Load(pool string) (Rollout, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[pool], nil
}

// Save keeps a record.
func (m *MemoryRollouts) Save(pool string, r Rollout) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string]Rollout{}
	}
	m.records[pool] = r
	return nil
}
