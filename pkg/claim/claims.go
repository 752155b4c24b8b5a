package claim

import (
	"context"
	"fmt"
	"maps"
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
	// Why says in a few words what is wrong with a pool; "" for nothing. Nil: it is not
	// known.
	Why func(pool string) string
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
	sessions *sessions
	names    names
	tasks    sync.WaitGroup  // what goes on after its caller has been answered
	life     context.Context // of the tasks
	end      context.CancelCauseFunc

	mu       sync.Mutex
	records  map[string]Record
	leaving  map[string]*Departure
	private  map[string]private   // what was delivered, for another delivery; never on disk
	attempts map[string]time.Time // when to try next, by declared claim that there is not
	held     map[string]time.Time // until when a claim is kept that could not be released
	// disposedOf are the workers that have been removed and may be listed yet, with
	// their pools.
	disposedOf map[string]string
	// warned are the ends that people were warned of, by claim.
	warned  map[string]time.Time
	tending map[string]time.Time // when a worker was last started again, by claim
}

// New makes Claims. Recover comes before anything else.
func New(o Options) *Claims {
	c := &Claims{
		Options: o, line: newLine(o.Claimable), facts: newFacts(o.Runtime), idleness: newIdleness(), sessions: newSessions(),
		records: map[string]Record{}, leaving: map[string]*Departure{}, private: map[string]private{},
		attempts: map[string]time.Time{}, held: map[string]time.Time{}, tending: map[string]time.Time{},
		warned: map[string]time.Time{}, disposedOf: map[string]string{},
	}
	c.life, c.end = context.WithCancelCause(context.Background())
	o.Claimable.Notify = c.line.serve
	return c
}

// current is the record in force of a name.
func (c *Claims) current(name string) (Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, exists := c.records[name]
	return r, exists
}

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

// Get returns a claim. A Refusal where there is none, with the nearest name.
func (c *Claims) Get(name string) (Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, exists := c.records[name]; exists {
		return r, nil
	}
	message := fmt.Sprintf("no claim %q", name)
	names := slices.Sorted(maps.Keys(c.records))
	if nearest, ok := spec.Nearest(name, names); ok {
		message += fmt.Sprintf(": did you mean %q?", nearest)
	}
	return Record{}, &Refusal{NotFound: true, Message: message}
}

// Use returns a claim that a person may use. What for is written to the audit log,
// refusals too.
func (c *Claims) Use(who bind.Caller, name, what string) (Record, error) {
	record, err := c.usable(who, name)
	c.Audit.write(Entry{Who: who.UID, What: what, Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
	if err != nil {
		return Record{}, err
	}
	return record, nil
}

// usable is a claim that a person may use, or, with the record that there is, why not.
func (c *Claims) usable(who bind.Caller, name string) (Record, error) {
	record, err := c.Get(name)
	switch {
	case err != nil:
		return Record{}, err
	case !record.mayUse(who, c.Admin):
		return record, refuse("claim %q is another person's", name)
	case record.Phase != Bound:
		return record, refuse("claim %q is %s", name, strings.ToLower(string(record.Phase)))
	default:
		return record, nil
	}
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

// declares says whether there is a pool, and is going to be.
func (c *Claims) declares(pool string) bool {
	_, known := c.Pool(pool)
	return known
}
