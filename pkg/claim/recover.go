package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// Recover brings records and engine together when the controller starts, before
// anything else: what was half made or on its way out is removed, what is claimed by
// its name and not on record is recorded again, and slots of workers that are gone
// go. An error is of what could not be read; the rest is done.
func (c *Claims) Recover(ctx context.Context) error {
	records, unread := c.Store.Load()
	c.mu.Lock()
	for _, r := range records {
		c.records[r.Name] = r
	}
	c.mu.Unlock()
	for _, r := range records {
		if r.Phase == Bound || r.Phase == Lost {
			continue
		}
		if boundElsewhere(r, records) { // of a time when this record could not be read
			unread = errors.Join(unread, c.drop(r))
			continue
		}
		r.Saved = r.Saved || r.Phase == Binding // nobody has worked in it
		_, err := c.leave(r, "it was "+strings.ToLower(string(r.Phase))+" when the controller ended")
		unread = errors.Join(unread, err)
	}
	containers, err := c.Runtime.List(ctx, "")
	if err != nil {
		return errors.Join(unread, fmt.Errorf("list the claimed workers: %w", err))
	}
	found := map[string]*runtime.Container{}
	for i, container := range containers {
		found[container.ID] = &containers[i]
		c.adoptUnknown(container)
	}
	for _, r := range records {
		if r.Phase == Bound && found[r.Worker] == nil {
			c.lose(r, found)
		}
	}
	return errors.Join(unread, c.pruneSlots(containers))
}

// boundElsewhere says that another claim has the worker of one.
func boundElsewhere(r Record, records []Record) bool {
	return slices.ContainsFunc(records, func(other Record) bool {
		return other.Name != r.Name && other.Worker == r.Worker && other.Phase == Bound
	})
}

// drop forgets a claim, and leaves its worker alone.
func (c *Claims) drop(r Record) error {
	c.mu.Lock()
	delete(c.records, r.Name)
	c.mu.Unlock()
	return c.Store.Remove(r.Name)
}

// adoptUnknown adopts the claim that a container's name carries, if there is one and
// no record of it.
func (c *Claims) adoptUnknown(container runtime.Container) {
	if claim := reconcile.ClaimOf(container); claim != "" && !c.knows(container.ID) {
		c.adopt(container, claim)
	}
}

// adopt records a claim that only the engine knows of.
func (c *Claims) adopt(container runtime.Container, claim string) {
	if other, err := c.Get(claim); err == nil {
		c.Log.Info("two workers carry one claim; the one on record keeps it", "claim", claim, "container", container.Name, "record", other.Worker)
		return
	}
	r := Record{
		Name: claim, Pool: container.Owner.Pool, Worker: container.ID, Ordinal: container.Owner.Ordinal, Revision: container.Owner.Revision,
		Phase: Bound, Recovered: true, Created: container.Created,
		Warning: "its record was lost: whose it is, and its project, are not known; root and administrators may use it",
	}
	if err := errors.Join(c.Store.setAside(claim), c.keep(r)); err != nil {
		c.Log.Error(err, "claim recovered, and not recorded", "claim", claim)
		c.put(r) // the engine has it
	}
	c.Event(r.Pool, reconcile.EventWarning, "ClaimRecovered", claim, "its record was lost; it still has "+container.Name)
}

// pruneSlots takes away the slots of workers that the engine does not have.
func (c *Claims) pruneSlots(containers []runtime.Container) error {
	if c.Binder == nil {
		return nil
	}
	workers, err := c.Binder.Workers()
	if err != nil {
		return fmt.Errorf("list the slots: %w", err)
	}
	has := map[string]bool{}
	for _, container := range containers {
		if container.Owner.Role == runtime.RoleWorker {
			has[reconcile.WorkerName(container.Owner.Pool, container.Owner.Ordinal)] = true
		}
	}
	var errs []error
	for _, worker := range workers {
		if !has[worker] {
			errs = append(errs, c.Binder.Remove(worker))
		}
	}
	return errors.Join(errs...)
}
