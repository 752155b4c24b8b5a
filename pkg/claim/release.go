package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// ReleaseOptions say how a claim is released. The zero value: whatever worker it has,
// with its work saved.
type ReleaseOptions struct {
	// Worker is the container's id that the claim is to have; with another it is
	// another claim, and there is none to release. Empty: any.
	Worker string
	// Discard has nothing saved of what only the worker has.
	Discard bool
}

// Release ends a claim: what only its worker has is saved, and the worker stopped and
// removed. It returns once that is on record. Releasing what is on its way out is no
// error.
func (c *Claims) Release(who bind.Caller, name string, o ReleaseOptions) (*Departure, error) {
	record, err := c.releasable(who, name, o.Worker)
	c.Audit.write(Entry{Who: who.UID, What: o.what(), Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
	if err != nil {
		return nil, err
	}
	free, err := c.names.hold(c.life, name)
	if err != nil {
		return nil, err
	}
	defer free()
	record.Saved = record.Saved || o.Discard
	return c.leave(record, "released")
}

func (o ReleaseOptions) what() string {
	if o.Discard {
		return "discard"
	}
	return "release"
}

// releasable is the claim that a person may release, or, with the record that there
// is, why not.
func (c *Claims) releasable(who bind.Caller, name, worker string) (Record, error) {
	record, err := c.Get(name)
	switch {
	case err != nil:
		return Record{}, err
	case worker != "" && record.Worker != worker:
		return Record{}, &Refusal{NotFound: true, Message: fmt.Sprintf("claim %q has ended, and another has its name", name)}
	case !record.mayUse(who, c.Admin):
		return record, refuse("claim %q is another person's", name)
	case record.Phase == Binding:
		return record, refuse("claim %q is being made: wait until it is bound, or interrupt whoever makes it", name)
	default:
		return record, nil
	}
}

// leave has a claim leave, of which a caller that holds its name has the record.
func (c *Claims) leave(record Record, why string) (*Departure, error) {
	c.mu.Lock()
	current, exists := c.records[record.Name]
	under := c.leaving[record.Name]
	c.mu.Unlock()
	if !exists || current.Worker != record.Worker { // another release was quicker
		gone := newDeparture()
		gone.settle(record)
		gone.end()
		return gone, nil
	}
	if under != nil {
		return under, nil
	}
	current.Saved = current.Saved || record.Saved || current.Phase == Lost // nothing is left to save
	current.Phase = Releasing
	if err := c.Store.Save(current); err != nil {
		return nil, err
	}
	return c.depart(current, why), nil
}

// depart has what is on record as leaving removed.
func (c *Claims) depart(r Record, why string) *Departure {
	gone := newDeparture()
	c.mu.Lock()
	c.records[r.Name], c.leaving[r.Name] = r, gone
	c.mu.Unlock()
	message := fmt.Sprintf("%s: %s is removed", why, r.Container())
	c.Event(r.Pool, reconcile.EventNormal, "Released", r.Name, message)
	c.sessions.tell(r.Worker, fmt.Sprintf("claim %s: %s", r.Name, message))
	c.begin(func() { c.dispose(r, gone) })
	return gone
}

// leaveUnheld is leave, unless something is being done about the claim: then it is
// false, and the next turn comes soon.
func (c *Claims) leaveUnheld(record Record, why string) (left bool, err error) {
	free, _ := c.names.try(record.Name)
	if free == nil {
		return false, nil
	}
	defer free()
	_, err = c.leave(record, why)
	return err == nil, err
}

// disposal is how long to wait between attempts to remove a worker.
func disposal() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Steps: 10, Cap: 30 * time.Second}
}

// dispose removes a claim's worker and all that there is of the claim, and does not
// give up before it is done: the engine may be away, or the controller at its end,
// when the next one goes on.
func (c *Claims) dispose(r Record, gone *Departure) {
	r, err := c.save(r)
	if err != nil {
		c.hold(r, gone, err)
		return
	}
	gone.settle(r)
	if !c.persist(r, c.disposed) {
		return
	}
	c.mu.Lock()
	delete(c.records, r.Name)
	delete(c.private, r.Name)
	delete(c.leaving, r.Name)
	delete(c.warned, r.Name)
	delete(c.held, r.Name)
	c.disposedOf[r.Worker] = r.Pool
	c.mu.Unlock()
	c.idleness.forget(r.Worker)
	gone.end()
	c.Enqueue(r.Pool)
}

// persist tries something about a claim's worker until it is done, and is false when the
// controller ends first.
func (c *Claims) persist(r Record, try func(context.Context, Record) error) bool {
	backoff := disposal()
	for {
		err := try(c.life, r)
		if err == nil {
			return true
		}
		c.Log.Error(err, "worker not removed; trying again", "claim", r.Name, "container", r.Container())
		select {
		case <-time.After(backoff.Step()):
		case <-c.life.Done():
			return false
		}
	}
}

// abandon removes the worker that was taken for a claim of which there is no record. If
// the controller ends first, the worker is as good as any other.
func (c *Claims) abandon(r Record) {
	c.begin(func() {
		if !c.persist(r, c.removeWorker) {
			return
		}
		c.mu.Lock()
		c.disposedOf[r.Worker] = r.Pool
		c.mu.Unlock()
		c.Enqueue(r.Pool)
	})
}

// save saves what would be lost with a worker, once.
func (c *Claims) save(r Record) (Record, error) {
	if r.Saved || c.Rescue == nil {
		return r, nil
	}
	dir, err := c.Rescue(c.life, r)
	if err != nil {
		return r, err
	}
	r.Saved, r.Rescued = true, dir
	if dir != "" {
		c.Event(r.Pool, reconcile.EventNormal, "Rescued", r.Name, "what only its worker had is in "+dir)
	}
	return r, c.keep(r)
}

// heldFor is how long a claim whose work could not be saved is kept beyond its time.
const heldFor = 10 * time.Minute

// hold keeps a claim whose work could not be saved: it is bound as before, and says
// why. At its end the controller leaves it to the next one.
func (c *Claims) hold(r Record, gone *Departure, err error) {
	if c.life.Err() != nil {
		return
	}
	r.Phase = Bound
	r.Warning = fmt.Sprintf("not released, for what only its worker has could not be saved: %v; mend that, or give it up with 'hal release --discard %s'", err, r.Name)
	if !r.Expires.IsZero() {
		r.Expires = c.Now().Add(heldFor)
	}
	if err := c.keep(r); err != nil {
		c.Log.Error(err, "claim held, and not recorded", "claim", r.Name)
		c.put(r)
	}
	c.Event(r.Pool, reconcile.EventWarning, "RescueFailed", r.Name, r.Warning)
	c.mu.Lock()
	delete(c.leaving, r.Name)
	c.held[r.Name] = c.Now().Add(heldFor)
	c.mu.Unlock()
	gone.settle(r)
	gone.end()
}

// disposeWithin bounds one attempt. A worker with a longer grace is killed at its end all
// the same, and the next attempt finds it stopped.
const disposeWithin = 2 * time.Minute

// disposed does it once.
func (c *Claims) disposed(ctx context.Context, r Record) error {
	if err := c.removeWorker(ctx, r); err != nil {
		return err
	}
	if err := c.Copies.forget(r.Name); err != nil {
		return err
	}
	return c.Store.Remove(r.Name)
}

// removeWorker stops and removes a worker. Its slots go in between: before its end they
// would keep what is bound in them, and after its removal its number, and so their name,
// may be another worker's.
func (c *Claims) removeWorker(ctx context.Context, r Record) error {
	ctx, cancel := context.WithTimeoutCause(ctx, disposeWithin, fmt.Errorf("no answer from the engine within %s", disposeWithin))
	defer cancel()
	if err := c.Runtime.Stop(ctx, r.Worker); err != nil {
		return err
	}
	if err := c.removeSlots(ctx, r); err != nil {
		return err
	}
	return c.Runtime.Remove(ctx, r.Worker)
}

// removeSlots removes the slots of a worker that is there.
func (c *Claims) removeSlots(ctx context.Context, r Record) error {
	if c.Binder == nil {
		return nil
	}
	_, err := c.Runtime.Inspect(ctx, r.Worker)
	if errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.Binder.Remove(r.slots())
}

// expiryPeriod is how often it is looked whose time is over, and what is declared.
const expiryPeriod = time.Second

// Run releases claims when their time is over, until ctx ends. It then waits for
// what goes on, which the next controller continues.
func (c *Claims) Run(ctx context.Context) error {
	ticker := time.NewTicker(expiryPeriod)
	defer ticker.Stop()
	look := time.NewTicker(idlePeriod)
	defer look.Stop()
	for {
		select {
		case <-ticker.C:
			c.expire()
			c.declare()
			c.line.dismiss(c.declares)
		case <-look.C:
			c.endIdle()
		case <-ctx.Done():
			c.finish(errors.New("the controller stops"))
			return nil
		}
	}
}
