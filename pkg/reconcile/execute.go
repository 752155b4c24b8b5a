package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// callTimeout bounds each call to the engine but a stop, which has the
// container's own grace on top.
const callTimeout = time.Minute

// Result is what came of one action.
type Result struct {
	Action Action
	// Err says what was attempted and why it did not work.
	Err error
	// Skipped says that a claim had got to the worker first.
	Skipped bool
}

// reason is the condition reason for a failed action.
func (r Result) reason() string {
	switch {
	case errors.Is(r.Err, runtime.ErrForeign):
		return spec.ReasonNameConflict
	case errors.Is(r.Err, runtime.ErrImageMissing):
		return spec.ReasonImageMissing
	case errors.Is(r.Err, runtime.ErrUnavailable):
		return spec.ReasonEngineUnavailable
	default:
		return spec.ReasonActionFailed
	}
}

// terminal says that repeating the action cannot help until something else
// changes: a manifest, or what holds a name.
func (r Result) terminal() bool {
	return errors.Is(r.Err, runtime.ErrForeign) || errors.Is(r.Err, runtime.ErrInvalid)
}

// executor carries plans out. It decides nothing.
type executor struct {
	runtime   runtime.Runtime
	claimable *Claimable
	claims    Claims
	slots     Slots
	stops     *stops
	places    chan struct{} // one for each call at a time, over all pools
}

// execute runs a plan's actions side by side, as far as there are places, and
// returns the results in the plan's order; a worker that is started as soon as it has
// been created, because a claim waits for it, has one for each. Stops are only begun: a container that takes its whole
// grace must not keep a pass from healing others.
func (e executor) execute(ctx context.Context, pool string, p Plan) []Result {
	results := make([][]Result, len(p.Actions))
	var group sync.WaitGroup
	for i, action := range p.Actions {
		e.places <- struct{}{}
		group.Go(func() {
			results[i] = e.each(ctx, pool, action)
			<-e.places
		})
	}
	group.Wait()
	return slices.Concat(results...)
}

func (e executor) each(ctx context.Context, pool string, action Action) []Result {
	create, creates := action.(Create)
	if !creates {
		return []Result{e.one(ctx, pool, action)}
	}
	spec, id, err := e.create(ctx, create)
	created := Result{Action: create, Err: about(create, err)}
	if err != nil || !create.Start || !e.claims.InLine(pool) {
		return []Result{created}
	}
	started := e.one(ctx, pool, Start{step{create.Name, "created"}, id, create.Spec.Owner})
	if started.Err == nil && create.Ready {
		e.offer(ctx, pool, id, spec)
	}
	return []Result{created, started}
}

// about says what was attempted.
func about(a Action, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", a, err)
}

// limited bounds a call to the engine.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, callTimeout, fmt.Errorf("no answer from the engine within %s", callTimeout))
}

func (e executor) create(ctx context.Context, a Create) (spec runtime.ContainerSpec, id string, err error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	if spec, err = e.slots.Fill(a.Spec); err != nil {
		return spec, "", err
	}
	id, err = e.runtime.Create(ctx, spec)
	return spec, id, err
}

// offer offers a worker that has just been started, if somebody waits for one: the
// pass that would see it may begin a good while later. On an error that pass does.
func (e executor) offer(ctx context.Context, pool, id string, spec runtime.ContainerSpec) {
	if !e.claims.InLine(pool) {
		return
	}
	ctx, cancel := limited(ctx)
	defer cancel()
	inspection, err := e.runtime.Inspect(ctx, id)
	if err != nil || inspection.State != runtime.StateRunning {
		return
	}
	e.claimable.Add(pool, OfferOf(runtime.Container{ID: id, Owner: spec.Owner, ImageID: inspection.ImageID, Inspection: inspection}))
}

func (e executor) one(ctx context.Context, pool string, action Action) Result {
	ctx, cancel := limited(ctx)
	defer cancel()
	result := Result{Action: action}
	if id, withdraw := withdrawn(action); withdraw && !e.claimable.Retire(pool, id) {
		result.Skipped = true
		return result
	}
	if stop, ok := action.(Stop); ok {
		e.stops.begin(pool, stop)
		return result
	}
	result.Err = about(action, e.call(ctx, action))
	return result
}

// withdrawn is what an action takes from under whoever may just be claiming it. A
// worker that is removed had ended when it was listed, and may have been on offer
// until then; of other containers no claim has any.
func withdrawn(action Action) (id string, withdraw bool) {
	switch a := action.(type) {
	case Stop:
		return a.ID, a.Withdraw
	case Remove:
		return a.ID, true
	default:
		return "", false
	}
}

func (e executor) call(ctx context.Context, action Action) error {
	switch a := action.(type) {
	case CreateNetwork:
		return e.runtime.CreateNetwork(ctx, a.Spec)
	case CreateVolume:
		return e.runtime.CreateVolume(ctx, a.Spec)
	case ImportPause:
		return e.runtime.ImportPause(ctx)
	case Start:
		return e.runtime.Start(ctx, a.ID)
	case Update:
		return e.runtime.Update(ctx, a.ID, a.Limits)
	case Rename:
		return e.runtime.Rename(ctx, a.ID, a.To)
	case Remove:
		return e.runtime.Remove(ctx, a.ID)
	case RemoveNetwork:
		return e.runtime.RemoveNetwork(ctx, a.Name)
	case RemoveVolume:
		return e.runtime.RemoveVolume(ctx, a.Name)
	default:
		return fmt.Errorf("no such action: %T", action)
	}
}
