package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Options of Claims. All are required but for those that say so.
type Options struct {
	Runtime   runtime.Containers
	Sessions  runtime.Sessions
	Meters    runtime.Meters
	Claimable *reconcile.Claimable
	// Pool is the manifest of a pool that is declared; false for any other.
	Pool func(name string) (*spec.Pool, bool)
	// Enqueue has a pool looked at, at once.
	Enqueue func(pool string)
	// Binder puts directories into workers. Nil: they cannot be put there, for the
	// reason Unbindable, and projects are copied.
	Binder     Binder
	Unbindable error
	Copies     Copies
	// Rules say which directories a person may have bound.
	Rules func(bind.Caller) bind.Rules
	// UserDir is the directory of a person's volume with scope user, made where it
	// is missing.
	UserDir func(caller bind.Caller, pool, volume string) (string, error)
	// Admin says whether a person may use everyone's claims.
	Admin func(bind.Caller) bool
	Store Store
	Audit *Audit
	// Declared are the claims that manifests want; synced says that all manifests
	// have been read. Nil: there are none.
	Declared func() (declared []Declared, synced bool)
	// Rescue saves what would be lost with a worker, and says where; "" where there
	// was nothing. Its error keeps the worker. Nil: nothing is saved.
	Rescue func(context.Context, Record) (dir string, err error)
	// Event tells of a claim, for people.
	Event func(pool, kind, reason, claim, message string)
	Now   func() time.Time
	Log   logr.Logger
}

// Claims are all claims of an instance. Its methods may be called from several
// goroutines.
type Claims struct {
	Options
	line     *line
	facts    *facts
	idleness *idleness
	names    names
	tasks    sync.WaitGroup  // what goes on after its caller has been answered
	life     context.Context // of the tasks
	end      context.CancelCauseFunc

	mu       sync.Mutex
	records  map[string]Record
	leaving  map[string]chan struct{} // claims on their way out; closed when they are gone
	private  map[string]private       // what was delivered, for another delivery; never on disk
	attempts map[string]time.Time     // when to try next, by declared claim
	// disposedOf are the workers that have been removed and may be listed yet, with
	// their pools.
	disposedOf map[string]string
	tending    map[string]time.Time // when a worker was last started again, by claim
}

// New makes Claims. Recover comes before anything else.
func New(o Options) *Claims {
	c := &Claims{
		Options: o, line: newLine(o.Claimable), facts: newFacts(o.Runtime), idleness: newIdleness(),
		records: map[string]Record{},
		leaving: map[string]chan struct{}{}, tending: map[string]time.Time{}, disposedOf: map[string]string{}, attempts: map[string]time.Time{}, private: map[string]private{},
	}
	c.life, c.end = context.WithCancelCause(context.Background())
	o.Claimable.Notify = c.line.serve
	return c
}

// Request is what a person asks for.
type Request struct {
	Name    string
	Pool    string
	Project string // absolute path; empty: nothing is bound
	// Roots are directories that the project may be in, beside those of the rules.
	Roots []string
	TTL   time.Duration
	// Env are variables of the claim's processes, Secrets files for them by name.
	Env     map[string]string
	Secrets map[string][]byte
	// OnEmpty is the answer to an empty pool; empty: the pool's own.
	OnEmpty spec.OnEmpty
	// Wait bounds the time in line, and behind another claim of this name; zero: as
	// long as ctx.
	Wait     time.Duration
	declared bool // by a manifest
	// Place is told how many are served before this claim, whenever it changes.
	Place func(int)
}

// Refusal is an answer of no: what was asked cannot be, and a person can change it.
type Refusal struct {
	// NotFound: there is no such pool or claim.
	NotFound bool
	Message  string
}

func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{Message: fmt.Sprintf(format, args...)} }

// Claim gives a person a worker of their own, with their project in it. It may be
// repeated: the same claim gives the same worker. When ctx ends before it is
// bound, nothing is left of it.
func (c *Claims) Claim(ctx context.Context, who bind.Caller, r Request) (Record, error) {
	record, err := c.claim(ctx, who, r)
	c.Audit.write(Entry{Who: who.UID, What: "claim", Claim: r.Name, Pool: r.Pool, Container: record.Worker, Err: err})
	return record, err
}

func (c *Claims) claim(ctx context.Context, who bind.Caller, r Request) (Record, error) {
	if problem := spec.CheckName(r.Name); problem != "" {
		return Record{}, refuse("name of the claim: %s", problem)
	}
	pool, known := c.Pool(r.Pool)
	if !known {
		return Record{}, &Refusal{NotFound: true, Message: fmt.Sprintf("no pool %q", r.Pool)}
	}
	project, err := c.open(who, r)
	if err != nil {
		return Record{}, err
	}
	defer project.Close()
	secrets, err := privateOf(pool, r)
	if err != nil {
		return Record{}, err
	}
	waiting, cancel := r.waiting(ctx)
	defer cancel()
	free, existing, err := c.reserve(waiting, who, r, project.path())
	if err != nil || free == nil {
		return existing, err
	}
	defer free()
	worker, err := c.take(waiting, pool, r)
	if err != nil {
		return Record{}, err
	}
	record := Record{
		Name: r.Name, Pool: r.Pool, Caller: who, Worker: worker.ID, Ordinal: worker.Ordinal, Revision: worker.Revision,
		Project: project.path(), Workspace: workspaceOf(pool).Target, Env: len(secrets.env) > 0, Secrets: len(secrets.files) > 0,
		Declared: r.declared, Phase: Binding, Created: c.Now(), Expires: c.expiry(pool, r),
	}
	// From here on a worker is taken. A caller who goes away, at whatever step, must
	// leave no half of a claim.
	record, err = c.bind(ctx, pool, record, worker, project, secrets)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.undo(record)
		return Record{}, fmt.Errorf("claim %q: %w", r.Name, err)
	}
	c.Event(r.Pool, reconcile.EventNormal, "Claimed", r.Name, "has "+record.Container())
	return record, nil
}

// waiting is ctx while the claim waits.
func (r Request) waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Wait <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, r.Wait, fmt.Errorf("%w: waited %s", ErrWaited, r.Wait))
}

// reserve makes a name this caller's to claim, until it is freed. It returns no free
// where that claim exists already, and then its record. Of two with one name at once
// the second has what the first gets.
func (c *Claims) reserve(ctx context.Context, who bind.Caller, r Request, project string) (free func(), existing Record, err error) {
	free, err = c.names.hold(ctx, r.Name)
	if err != nil {
		return nil, Record{}, fmt.Errorf("claim %q, which another is making: %w", r.Name, err)
	}
	record, exists := c.current(r.Name)
	if !exists {
		return free, Record{}, nil
	}
	free()
	return nil, record, c.same(who, r, project, record)
}

// current is the record in force of a name.
func (c *Claims) current(name string) (Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, exists := c.records[name]
	return r, exists
}

// same says why a claim that exists is not the one that is asked for.
func (c *Claims) same(who bind.Caller, r Request, project string, record Record) error {
	switch {
	case !record.mayUse(who, c.Admin):
		return refuse("the name %q is taken by another person's claim: choose another", r.Name)
	case record.Phase == Lost:
		return refuse("claim %q has lost its worker: release it first, or choose another name", r.Name)
	case record.Phase != Bound:
		return refuse("claim %q is %s: wait until it is gone, or choose another name", r.Name, strings.ToLower(string(record.Phase)))
	case record.Pool != r.Pool:
		return refuse("claim %q has a worker of pool %q: release it first, or choose another name", r.Name, record.Pool)
	case record.Project != project && !record.Recovered:
		return refuse("claim %q has %s in its workspace: release it first, or choose another name", r.Name, orNothing(record.Project))
	default:
		return nil
	}
}

func orNothing(path string) string {
	if path == "" {
		return "nothing"
	}
	return path
}

func (c *Claims) expiry(pool *spec.Pool, r Request) time.Time {
	ttl := time.Duration(pool.Spec.Workers.Lifetime.ClaimTTL)
	if r.TTL > 0 && (ttl == 0 || r.TTL < ttl) {
		ttl = r.TTL
	}
	if ttl == 0 {
		return time.Time{}
	}
	return c.Now().Add(ttl)
}

// ErrWaited says that a claim got nothing in the time that it was given.
var ErrWaited = errors.New("no worker became ready in time")

// take takes a worker off the offer, in line with others.
func (c *Claims) take(ctx context.Context, pool *spec.Pool, r Request) (reconcile.Offered, error) {
	onEmpty := r.OnEmpty
	if onEmpty == "" {
		onEmpty = pool.Spec.Workers.OnEmpty
	}
	w := c.line.join(r.Pool, onEmpty == spec.OnEmptyCold)
	if onEmpty == spec.OnEmptyFail && c.line.leave(r.Pool, w) {
		return reconcile.Offered{}, refuse("pool %q has no worker ready: try again, or wait with --on-empty queue; 'hal why %s' says more", r.Pool, r.Pool)
	}
	if w.cold {
		select {
		case worker := <-w.got:
			return worker, nil
		default:
			c.Enqueue(r.Pool) // have one made
		}
	}
	for {
		select {
		case worker := <-w.got:
			return worker, nil
		case place := <-w.place:
			if r.Place != nil {
				r.Place(place)
			}
		case <-ctx.Done():
			if c.line.leave(r.Pool, w) {
				c.Enqueue(r.Pool)
				return reconcile.Offered{}, fmt.Errorf("claim %q on pool %q: %w", r.Name, r.Pool, context.Cause(ctx))
			}
			return <-w.got, nil // it came just then; the caller takes it back
		}
	}
}

// bind makes a worker that has been taken a person's.
func (c *Claims) bind(ctx context.Context, pool *spec.Pool, record Record, worker reconcile.Offered, project directory, secrets private) (Record, error) {
	if err := c.keep(record); err != nil {
		return record, err
	}
	if err := c.Runtime.Rename(ctx, record.Worker, record.Container()); err != nil {
		return record, fmt.Errorf("rename its worker to %s: %w", record.Container(), err)
	}
	c.Enqueue(record.Pool) // the refill begins
	var err error
	if record.Inside, err = c.facts.of(ctx, worker); err != nil {
		return record, err
	}
	if record.Mode, err = c.mode(record, workspaceOf(pool).Mode); err != nil {
		return record, err
	}
	if record.Warning, err = c.furnish(record, project); err != nil {
		return record, err
	}
	if record.Mode == spec.WorkspaceCopy {
		if err := c.copyIn(ctx, record, project); err != nil {
			return record, err
		}
	}
	if err := c.deliver(ctx, record.Worker, secrets); err != nil {
		return record, err
	}
	c.remember(record.Name, secrets)
	record.Phase = Bound
	return record, c.keep(record)
}

func workspaceOf(pool *spec.Pool) spec.Workspace { return pool.Spec.Workers.Template.Workspace }

// keep puts a record on disk and then in force.
func (c *Claims) keep(r Record) error {
	if err := c.Store.Save(r); err != nil {
		return err
	}
	c.put(r)
	return nil
}

// put puts a record in force.
func (c *Claims) put(r Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records[r.Name] = r
}

// undo takes back what there is of a claim that did not come about. Its name is held.
func (c *Claims) undo(r Record) {
	r.Saved = true // nobody has worked in it
	r.Phase = Releasing
	if err := c.Store.Save(r); err != nil {
		// The disk has no record of it as bound, so that the next start destroys the
		// worker, if this does not.
		c.Log.Error(err, "claim taken back, and not recorded", "claim", r.Name)
	}
	c.depart(r, "it did not come about")
}

// Get returns a claim. A Refusal where there is none, with the nearest name.
func (c *Claims) Get(name string) (Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, exists := c.records[name]; exists {
		return r, nil
	}
	message := fmt.Sprintf("no claim %q", name)
	var names []string
	for other := range c.records {
		names = append(names, other)
	}
	if nearest, ok := spec.Nearest(name, names); ok {
		message += fmt.Sprintf(": did you mean %q?", nearest)
	}
	return Record{}, &Refusal{NotFound: true, Message: message}
}

// Use returns a claim that a person may use. What for is written to the audit log,
// refusals too.
func (c *Claims) Use(who bind.Caller, name, what string) (Record, error) {
	record, err := c.Get(name)
	if err == nil && !record.mayUse(who, c.Admin) {
		err = refuse("claim %q is another person's", name)
		c.Audit.write(Entry{Who: who.UID, What: what, Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
		return Record{}, err
	}
	if err == nil && record.Phase != Bound {
		err = refuse("claim %q is %s", name, strings.ToLower(string(record.Phase)))
	}
	c.Audit.write(Entry{Who: who.UID, What: what, Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
	return record, err
}

// List returns all claims, by name.
func (c *Claims) List() []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	records := make([]Record, 0, len(c.records))
	for _, r := range c.records {
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b Record) int { return strings.Compare(a.Name, b.Name) })
	return records
}

// Extend moves the end of a claim, by that much from now.
func (c *Claims) Extend(who bind.Caller, name string, by time.Duration) (Record, error) {
	record, err := c.Use(who, name, "extend")
	if err != nil {
		return record, err
	}
	free, err := c.names.hold(c.life, name)
	if err != nil {
		return record, err
	}
	defer free()
	current, exists := c.current(name)
	if !exists || current.Worker != record.Worker || current.Phase != Bound {
		return Record{}, refuse("claim %q has just ended", name)
	}
	current.Expires = c.Now().Add(by)
	return current, c.keep(current)
}

// begin begins what goes on beside its caller, unless the claims have ended: then the
// next controller does it.
func (c *Claims) begin(task func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.Err() == nil {
		c.tasks.Go(task)
	}
}

// finish has nothing begin any more, and waits for what goes on.
func (c *Claims) finish(cause error) {
	c.mu.Lock()
	c.end(cause)
	c.mu.Unlock()
	c.tasks.Wait()
}

// Wait returns when nothing goes on beside the callers. Nothing may begin meanwhile:
// no Claim, no Release, and no pass.
func (c *Claims) Wait() { c.tasks.Wait() }
