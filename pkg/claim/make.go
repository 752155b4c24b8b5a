package claim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// Claim gives a person a worker of their own, with their project in it. It may be
// repeated: the same claim gives the same worker. When ctx ends before it is
// bound, nothing is left of it.
func (c *Claims) Claim(ctx context.Context, who bind.Caller, r Request) (Record, error) {
	owner, err := r.owner(who)
	if err != nil {
		c.Audit.write(Entry{Who: who.UID, What: "claim", Claim: r.Name, Pool: r.Pool, Err: err})
		return Record{}, err
	}
	record, err := c.claim(ctx, owner, r)
	c.Audit.write(Entry{Who: who.UID, What: "claim", Claim: r.Name, Pool: r.Pool, Container: record.Worker, Err: err})
	return record, err
}

func (c *Claims) claim(ctx context.Context, who bind.Caller, r Request) (Record, error) {
	if problem := spec.CheckName(r.Name); problem != "" {
		return Record{}, refuse("name of the claim: %s", problem)
	}
	pool, known := c.Pool(r.Pool)
	if !known {
		return Record{}, noPool(r.Pool)
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
	var unrecorded unrecordedError
	if errors.As(err, &unrecorded) {
		c.abandon(record)
		return Record{}, fmt.Errorf("claim %q: %w", r.Name, err)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.undo(record)
		return Record{}, fmt.Errorf("claim %q: %w", r.Name, err)
	}
	c.Event(r.Pool, reconcile.EventNormal, "Claimed", r.Name, "has "+record.Container())
	return record, nil
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

// take takes a worker off the offer, in line with others.
func (c *Claims) take(ctx context.Context, pool *spec.Pool, r Request) (reconcile.Offered, error) {
	onEmpty := r.OnEmpty
	if onEmpty == "" {
		onEmpty = pool.Spec.Workers.OnEmpty
	}
	w := c.line.join(r.Pool, onEmpty == spec.OnEmptyCold)
	if onEmpty == spec.OnEmptyFail && c.line.leave(r.Pool, w) {
		return reconcile.Offered{}, refuse("pool %q has no worker ready%s: try again, or wait with --on-empty queue; 'hal why %s' says more", r.Pool, c.because(r.Pool), r.Pool)
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
		case <-w.gone:
			return reconcile.Offered{}, noPool(r.Pool)
		case <-ctx.Done():
			if c.line.leave(r.Pool, w) {
				c.Enqueue(r.Pool)
				return reconcile.Offered{}, fmt.Errorf("claim %q on pool %q: %w", r.Name, r.Pool, context.Cause(ctx))
			}
			return <-w.got, nil // it came just then; the caller takes it back
		}
	}
}

// because is why a pool has no worker ready, as part of a sentence.
func (c *Claims) because(pool string) string {
	if c.Why == nil {
		return ""
	}
	if reason := c.Why(pool); reason != "" {
		return " (" + reason + ")"
	}
	return ""
}

// bind makes a worker that has been taken a person's.
func (c *Claims) bind(ctx context.Context, pool *spec.Pool, record Record, worker reconcile.Offered, project directory, secrets private) (Record, error) {
	if err := c.keep(record); err != nil {
		return record, unrecordedError{err}
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
	if ctx.Err() != nil { // the last moment: who has seen it bound may rely on it
		return record, context.Cause(ctx)
	}
	c.remember(record.Name, secrets)
	record.Phase = Bound
	return record, c.keep(record)
}

func workspaceOf(pool *spec.Pool) spec.Workspace { return pool.Spec.Workers.Template.Workspace }

// unrecordedError says that there is no record of a claim, so that nothing has been done
// about it but that a worker was taken.
type unrecordedError struct{ error }

func (e unrecordedError) Unwrap() error { return e.error }

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
