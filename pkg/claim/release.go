package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
)

// Release ends a claim: its worker is stopped and removed. It returns once that is
// on record; done is closed when the worker is gone. Releasing what is on its way
// out is no error. When what only the worker has cannot be saved, done is closed and
// the claim still there, with a warning.
func (c *Claims) Release(who bind.Caller, name string) (done <-chan struct{}, err error) {
	record, err := c.Get(name)
	if err == nil && !record.mayUse(who, c.Admin) {
		err = refuse("claim %q is another person's", name)
	}
	if err == nil && record.Phase == Binding {
		err = refuse("claim %q is being made: wait until it is bound, or interrupt whoever makes it", name)
	}
	c.Audit.write(Entry{Who: who.UID, What: "release", Claim: name, Pool: record.Pool, Container: record.Worker, Err: err})
	if err != nil {
		return nil, err
	}
	return c.release(record, "released")
}

func (c *Claims) release(record Record, why string) (<-chan struct{}, error) {
	c.mu.Lock()
	if gone, under := c.leaving[record.Name]; under {
		c.mu.Unlock()
		return gone, nil
	}
	gone := make(chan struct{})
	c.leaving[record.Name] = gone
	c.mu.Unlock()
	record.Phase = Releasing
	if err := c.keep(record); err != nil {
		c.mu.Lock()
		delete(c.leaving, record.Name)
		c.mu.Unlock()
		return nil, err
	}
	c.Event(record.Pool, reconcile.EventNormal, "Released", record.Name, fmt.Sprintf("%s: %s is removed", why, record.Container()))
	c.tasks.Go(func() { c.dispose(record, gone) })
	return gone, nil
}

// disposal is how long to wait between attempts to remove a worker.
func disposal() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Steps: 10, Cap: 30 * time.Second}
}

// dispose removes a claim's worker and all that there is of the claim, and does not
// give up before it is done: the engine may be away, or the controller at its end,
// when the next one goes on.
func (c *Claims) dispose(r Record, gone chan struct{}) {
	r, err := c.save(r)
	if err != nil {
		c.hold(r, gone, err)
		return
	}
	backoff := disposal()
	for {
		err := c.disposed(c.life, r)
		if err == nil {
			break
		}
		c.Log.Error(err, "worker not removed; trying again", "claim", r.Name, "container", r.Container())
		select {
		case <-time.After(backoff.Step()):
		case <-c.life.Done():
			return
		}
	}
	c.mu.Lock()
	delete(c.records, r.Name)
	delete(c.private, r.Name)
	delete(c.leaving, r.Name)
	c.disposedOf[r.Worker] = r.Pool
	c.mu.Unlock()
	c.Claimable.Drop(r.Pool, r.Worker)
	close(gone)
	c.Enqueue(r.Pool)
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
func (c *Claims) hold(r Record, gone chan struct{}, err error) {
	if c.life.Err() != nil {
		return
	}
	r.Phase = Bound
	r.Warning = fmt.Sprintf("not released, for what only its worker has could not be saved: %v; mend that, or remove the container by hand to give it up", err)
	if !r.Expires.IsZero() {
		r.Expires = c.Now().Add(heldFor)
	}
	if err := c.keep(r); err != nil {
		c.Log.Error(err, "claim held, and not recorded", "claim", r.Name)
	}
	c.Event(r.Pool, reconcile.EventWarning, "RescueFailed", r.Name, r.Warning)
	c.mu.Lock()
	delete(c.leaving, r.Name)
	c.attempts[r.Name] = c.Now().Add(heldFor)
	c.mu.Unlock()
	close(gone)
}

// disposed does it once. The container goes first: what is bound in its slots stays
// in it for as long as it is there.
func (c *Claims) disposed(ctx context.Context, r Record) error {
	if err := c.Runtime.Stop(ctx, r.Worker); err != nil {
		return err
	}
	if err := c.Runtime.Remove(ctx, r.Worker); err != nil {
		return err
	}
	if c.Binder != nil {
		if err := c.Binder.Remove(r.slots()); err != nil {
			return err
		}
	}
	if err := c.Copies.forget(r.Name); err != nil {
		return err
	}
	return c.Store.Remove(r.Name)
}

// expire releases the claims whose time is over.
func (c *Claims) expire() {
	for _, r := range c.List() {
		if r.Phase != Bound || r.Expires.IsZero() || c.Now().Before(r.Expires) {
			continue
		}
		_, err := c.release(r, "its time is over")
		c.Audit.write(Entry{Who: r.Caller.UID, What: "expire", Claim: r.Name, Pool: r.Pool, Container: r.Worker, Err: err})
		if err != nil {
			c.Log.Error(err, "claim not released", "claim", r.Name)
		}
	}
}

// expiryPeriod is how often it is looked whose time is over, and what is declared.
const expiryPeriod = time.Second

// Run releases claims when their time is over, until ctx ends. It then waits for
// what goes on, which the next controller continues.
func (c *Claims) Run(ctx context.Context) error {
	ticker := time.NewTicker(expiryPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.expire()
			c.declare()
		case <-ctx.Done():
			c.end(errors.New("the controller stops"))
			c.tasks.Wait()
			return nil
		}
	}
}
