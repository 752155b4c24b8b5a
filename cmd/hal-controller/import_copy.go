package main

import (
	"context"
	"errors"
	"fmt"

	"hal-controller/pkg/hal9000"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/state"
)

const (
	// importInstance is whose the containers are that volumes are copied in: no
	// controller's.
	importInstance = "hal-9000-import"
	// importImage has all that a copy needs, and the pool needs it too.
	importImage = "hal/worker"
)

// carryOver makes the plan's copies. It goes on after one that does not work: they
// do not need each other.
func (a *app) carryOver(ctx context.Context, engine *docker.Engine, p hal9000.Plan, manifest []byte) error {
	id, err := engine.EngineID(ctx)
	if err != nil {
		return fmt.Errorf("ask the engine for its id: %w", err)
	}
	lock, err := importLock(id)
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // the end of the process does it too
	copying, err := docker.New(engine.Endpoint(), importInstance)
	if err != nil {
		return err
	}
	defer closeEngine(copying)
	i, err := newImporter(engine, state.For(a.stateDirectory(), id, a.instance), manifest)
	if err != nil {
		return err
	}
	jobs, err := i.jobs(ctx, p)
	if err != nil {
		return err
	}
	return a.carry(ctx, hal9000.Copier{Containers: copying, Image: importImage}, p, jobs)
}

// importLock lets one import at a time use an engine: each takes away what another
// left.
func importLock(engine string) (*state.Lock, error) {
	lock, err := state.Acquire(engine, importInstance)
	var held *state.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("process %d imports already: wait for its end", held.PID)
	}
	return lock, err
}

func (a *app) carry(ctx context.Context, copier hal9000.Copier, p hal9000.Plan, jobs []importJob) error {
	var failures []error
	for n, c := range p.Copies {
		outcome, err := copier.Copy(ctx, jobs[n].Job)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", copyName(c), err))
		} else {
			fmt.Fprintf(a.errOut, "%s: %s\n", copyName(c), jobs[n].told(outcome))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}
