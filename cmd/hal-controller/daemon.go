package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"hal-controller/pkg/api"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// daemon is the running controller as the API serves it. It implements
// api.Backend.
type daemon struct {
	*operator
	app  *app
	path string
	// admin says whether a person administers the controller.
	admin func(bind.Caller) bool
	// files is held by who edits manifests: read, change, write is one step.
	files sync.Mutex
	// naming is of the claims that are on their way.
	naming naming
}

// Info says who answers.
func (d *daemon) Info() api.Info {
	return api.Info{
		Version: version, PID: os.Getpid(), Instance: d.app.instance, Source: d.path,
		Engine: d.endpoint.String(),
	}
}

// Manage refuses whoever is not root, this process's own user or an administrator: what
// a pool is concerns all who have claims on it.
func (d *daemon) Manage(ctx context.Context) error {
	who, err := caller(ctx)
	if err != nil {
		return err
	}
	if who.UID == 0 || int(who.UID) == os.Geteuid() || d.admin(who) {
		return nil
	}
	return &api.Error{Code: api.CodeRefused, Message: fmt.Sprintf("user %s may not change pools: ask root, or a member of the group that the controller was given with --admin-group", userName(who.UID))}
}

// Pools are the pools that are declared or draining, with their status.
func (d *daemon) Pools() []spec.Pool { return d.pools() }

// Events keeps what happened.
func (d *daemon) Events() *reconcile.Events { return d.events }

// reconcilePatience is how long Reconcile waits for the pass that it asks for. One
// that takes longer, because the engine does, goes on all the same.
const reconcilePatience = 5 * time.Second

// Reconcile has a pool looked at now, its manifest read again first, and returns
// when it has been.
func (d *daemon) Reconcile(pool string) error {
	if err := d.known(pool); err != nil {
		return err
	}
	d.reload()
	d.reconciler.InvalidateAll()
	ctx, cancel := context.WithTimeout(context.Background(), reconcilePatience)
	defer cancel()
	_ = d.reconciler.Passed(ctx, pool)
	return nil
}

// Rollout applies a person's word to a pool's rollout.
func (d *daemon) Rollout(pool string, action api.RolloutAction) error {
	if err := d.known(pool); err != nil {
		return err
	}
	err := d.reconciler.ChangeRollout(pool, func(r reconcile.Rollout) (reconcile.Rollout, error) {
		switch action {
		case api.RolloutPause:
			return r.Pause(), nil
		case api.RolloutResume:
			return r.Resume(d.reconciler.Now()), nil
		case api.RolloutUndo:
			return r.Undo()
		default:
			return r, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("no such rollout action: %q", action)}
		}
	})
	return refused(err)
}

// Scale sets spec.workers.warm in the file that the pool came from.
func (d *daemon) Scale(pool string, warm int) error {
	return d.edit(pool, func(data []byte) ([]byte, error) { return spec.SetWarm(data, pool, warm) })
}

// Suspend sets spec.suspend in the file that the pool came from.
func (d *daemon) Suspend(pool string, suspend bool) error {
	return d.edit(pool, func(data []byte) ([]byte, error) { return spec.SetSuspend(data, pool, suspend) })
}

// Delete takes a pool out of the source, which drains it.
func (d *daemon) Delete(pool string) error {
	d.files.Lock()
	defer d.files.Unlock()
	entry, err := d.entry(pool)
	if err != nil {
		return err
	}
	if err := removeFrom(entry.Source.File, pool); err != nil {
		return refused(err)
	}
	d.store.Delete(pool)
	d.reload()
	return nil
}

// Logs is the output of a container of this instance. That of a claimed worker is
// for those who may use the claim.
func (d *daemon) Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error) {
	for _, r := range d.claims.List() {
		if r.Container() != container && r.Worker != container {
			continue
		}
		who, err := caller(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := d.claims.Use(who, r.Name, "logs"); err != nil {
			return nil, claimAnswer(err)
		}
	}
	return containerLogs(ctx, d.engine, container, tail, follow)
}

// containerLogs opens the output of a container of ours by its name or id.
func containerLogs(ctx context.Context, engine runtime.Containers, container string, tail int, follow bool) (io.ReadCloser, error) {
	containers, err := engine.List(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range containers {
		if c.Name == container || c.ID == container {
			return engine.Logs(ctx, c.ID, tail, follow)
		}
		names = append(names, c.Name)
	}
	return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no container %q of this instance%s", container, didYouMean(container, names))}
}

// edit changes the file that a pool came from, if the result is a manifest
// without errors, and has it read.
func (d *daemon) edit(pool string, change func([]byte) ([]byte, error)) error {
	d.files.Lock()
	defer d.files.Unlock()
	entry, err := d.entry(pool)
	if err != nil {
		return err
	}
	if err := editFile(entry.Source.File, change); err != nil {
		return refused(err)
	}
	d.reload()
	return nil
}

func (d *daemon) entry(pool string) (spec.PoolEntry, error) {
	entry, declared := d.store.Pool(pool)
	if !declared {
		return entry, d.notFound(pool)
	}
	return entry, nil
}

func (d *daemon) known(pool string) error {
	if _, known := d.manifests.Manifest(pool); !known {
		return d.notFound(pool)
	}
	return nil
}

func (d *daemon) notFound(pool string) error {
	return api.NoPool(pool, d.manifests.Names())
}

// refused makes an error that is about what was asked an answer of no.
func refused(err error) error {
	var answer *api.Error
	var problems spec.Problems
	switch {
	case err == nil, errors.As(err, &answer):
		return err
	case errors.As(err, &problems):
		return &api.Error{Code: api.CodeInvalid, Message: err.Error()}
	default:
		return &api.Error{Code: api.CodeRefused, Message: err.Error()}
	}
}
