package claim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// tendEvery is the least time between two starts of a claimed worker.
const tendEvery = 2 * time.Second

// Bindings implements reconcile.Claims.
func (c *Claims) Bindings(pool string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	bindings := map[string]string{}
	for _, r := range c.records {
		if r.Pool == pool {
			bindings[r.Worker] = r.Name
		}
	}
	return bindings
}

// Waiting implements reconcile.Claims.
func (c *Claims) Waiting(pool string) int { return c.line.cold(pool) }

// InLine implements reconcile.Claims.
func (c *Claims) InLine(pool string) bool { return c.line.any(pool) }

// Observed implements reconcile.Claims. A claimed worker that has ended, with the
// engine or by itself, is started again with what is bound in it; one that is gone
// is lost; one that only its name says to be claimed is recorded.
func (c *Claims) Observed(pool string, containers []runtime.Container) {
	found := map[string]*runtime.Container{}
	for i, container := range containers {
		found[container.ID] = &containers[i]
		c.prime(container)
		c.adoptUnknown(container)
	}
	c.forgetDisposed(pool, found)
	for _, r := range c.bound(pool) {
		switch worker := found[r.Worker]; {
		case worker == nil:
			c.lose(r, found)
		case worker.State == runtime.StateExited || worker.State == runtime.StateCreated:
			c.revive(r)
		}
	}
}

// knows says whether a worker is of a claim on record, or was: a listing may show
// one a moment after it has been removed.
func (c *Claims) knows(worker string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.records {
		if r.Worker == worker {
			return true
		}
	}
	return c.disposedOf[worker] != ""
}

// forgetDisposed forgets the removed workers that a listing does not show any more.
// Until then one that began earlier might have them offered once more.
func (c *Claims) forgetDisposed(pool string, found map[string]*runtime.Container) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for worker, of := range c.disposedOf {
		if of == pool && found[worker] == nil {
			delete(c.disposedOf, worker)
			c.Claimable.Drop(pool, worker)
		}
	}
}

func (c *Claims) bound(pool string) []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	var bound []Record
	for _, r := range c.records {
		if r.Pool == pool && r.Phase == Bound {
			bound = append(bound, r)
		}
	}
	return bound
}

// prime finds out about a revision before the first claim on it.
func (c *Claims) prime(container runtime.Container) {
	if container.Owner.Role != runtime.RoleWorker || container.State != runtime.StateRunning {
		return
	}
	if reconcile.ClaimOf(container) == "" && c.endsIdle(container.Owner.Pool) && c.idleness.begin(container.Owner.Revision) {
		c.begin(func() { c.learnIdle(c.life, container) })
	}
	worker := reconcile.OfferOf(container)
	if !c.facts.begin(worker) {
		return
	}
	c.begin(func() { _, _ = c.facts.of(c.life, worker) }) // a claim asks again
}

// lose records that a claimed worker is gone. The record stays, so that whoever it
// was learns of it; a release drops it.
func (c *Claims) lose(r Record, found map[string]*runtime.Container) {
	free, _ := c.names.try(r.Name)
	if free == nil {
		return // the next pass finds it gone, too
	}
	defer free()
	if current, exists := c.current(r.Name); !exists || current.Worker != r.Worker || current.Phase != Bound {
		return
	}
	r.Phase = Lost
	r.Warning = "its container was removed by somebody else than this controller"
	if err := c.keep(r); err != nil {
		c.Log.Error(err, "claim lost, and not recorded", "claim", r.Name)
		c.put(r)
	}
	if c.Binder != nil && !succeeded(r, found) {
		if err := c.Binder.Remove(r.slots()); err != nil {
			c.Log.Error(err, "slots not removed", "claim", r.Name)
		}
	}
	c.Claimable.Drop(r.Pool, r.Worker)
	c.Event(r.Pool, reconcile.EventWarning, "ClaimLost", r.Name, r.Container()+" is gone: "+r.Warning)
}

// succeeded says that another worker has the number, and so the slots, of a claim's.
func succeeded(r Record, found map[string]*runtime.Container) bool {
	for _, container := range found {
		if container.Owner.Role == runtime.RoleWorker && container.Owner.Pool == r.Pool && container.Owner.Ordinal == r.Ordinal {
			return true
		}
	}
	return false
}

// revive starts a claimed worker again, once its directories are in place: the mounts
// of the host may have gone with a restart of the machine.
func (c *Claims) revive(r Record) {
	c.mu.Lock()
	if last, tended := c.tending[r.Name]; tended && c.Now().Sub(last) < tendEvery {
		c.mu.Unlock()
		time.AfterFunc(tendEvery, func() { c.Enqueue(r.Pool) })
		return
	}
	maps.DeleteFunc(c.tending, func(name string, _ time.Time) bool { _, known := c.records[name]; return !known })
	c.tending[r.Name] = c.Now()
	c.mu.Unlock()
	c.begin(func() {
		err := c.revived(c.life, r)
		if err != nil {
			c.Event(r.Pool, reconcile.EventWarning, "ClaimNotStarted", r.Name, err.Error())
			time.AfterFunc(tendEvery, func() { c.Enqueue(r.Pool) })
			return
		}
		c.Event(r.Pool, reconcile.EventNormal, "ClaimStarted", r.Name, "its worker had ended")
		c.Enqueue(r.Pool)
	})
}

func (c *Claims) revived(ctx context.Context, r Record) error {
	free, err := c.names.hold(ctx, r.Name)
	if err != nil {
		return err
	}
	defer free()
	if current, exists := c.current(r.Name); !exists || current.Worker != r.Worker || current.Phase != Bound {
		return nil // its slots may be another worker's by now
	}
	if c.Binder != nil && !r.Recovered {
		project, err := c.reopen(r)
		if err != nil {
			return err
		}
		defer project.Close()
		if err := c.makeSlots(r); err != nil {
			return err
		}
		if _, err := c.furnish(r, project); err != nil {
			return err
		}
	}
	if err := c.Runtime.Start(ctx, r.Worker); err != nil {
		return err
	}
	if err := c.redeliver(ctx, r); err != nil {
		c.Event(r.Pool, reconcile.EventWarning, "SecretsLost", r.Name, err.Error())
	}
	return nil
}

// makeSlots makes the slots of a claimed worker that a restart of the machine took away.
func (c *Claims) makeSlots(r Record) error {
	for _, slot := range r.Inside.Slots {
		if err := c.Binder.Make(r.slots(), slot); err != nil && !errors.Is(err, bind.ErrBound) {
			return err
		}
	}
	return nil
}

// reopen opens the project of a claim once more. It was allowed then; it has to be
// what it was, and the person's rights on it are looked at again.
func (c *Claims) reopen(r Record) (directory, error) {
	if r.Mode != spec.WorkspaceBind {
		return directory{}, nil
	}
	rules := c.Rules(r.Caller)
	rules.Roots = []string{r.Project}
	file, err := rules.Resolve(r.Project, r.Caller)
	if err != nil {
		return directory{}, err
	}
	if file.Name() != r.Project {
		_ = file.Close()
		return directory{}, fmt.Errorf("project %s: it leads to %s now", r.Project, file.Name())
	}
	return directory{file}, nil
}
