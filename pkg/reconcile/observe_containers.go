package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
)

// inspect adds inspections where they are wanted. A container that is gone
// meanwhile counts as on its way out: the next listing tells. One that the engine does
// not tell of is as it was last inspected, if it was.
func (o *observer) inspect(ctx context.Context, pool string, containers []runtime.Container) (unanswered map[string]bool, err error) {
	memory := o.known(pool)
	failed := make([]error, len(containers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectParallel)
	for i := range containers {
		c := &containers[i]
		if !memory.wants(c) {
			continue
		}
		if time.Since(memory.unanswered[c.ID]) < unansweredFor {
			failed[i] = errSilent
			continue
		}
		group.Go(func() error {
			failed[i] = o.inspectOne(ctx, c)
			if errors.Is(failed[i], runtime.ErrUnavailable) || ctx.Err() != nil {
				return fmt.Errorf("inspect container %q: %w", c.Name, failed[i])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	unanswered = map[string]bool{}
	for i, c := range containers {
		if failed[i] != nil {
			unanswered[c.ID] = true
		}
	}
	slices.SortFunc(containers, func(a, b runtime.Container) int { return compareStrings(a.Name, b.Name) })
	o.remember(pool, containers, unanswered)
	return unanswered, nil
}

// errSilent stands for the failure that has been met a short time ago.
var errSilent = errors.New("the engine has not told of it")

func (o *observer) inspectOne(ctx context.Context, c *runtime.Container) error {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	inspection, err := o.runtime.Inspect(ctx, c.ID)
	if errors.Is(err, runtime.ErrNotFound) {
		c.State, c.Inspection = runtime.StateRemoving, nil
		return nil
	}
	if err != nil {
		return err
	}
	// The listing may be from before the event that had it inspected: the
	// engine (20.10) tells of an exit, a pause or a new name up to 0.2 s
	// before it lists it, and has an inspection wait until then.
	c.Inspection, c.State, c.Addresses, c.Name = inspection, inspection.State, inspection.Addresses, inspection.Spec.Name
	return nil
}

// memory is what is remembered of a pool's containers, as it was before a listing: an
// event that arrives from here on makes the next pass inspect anew.
type memory struct {
	inspections       map[string]inspected
	ended, unanswered map[string]time.Time
}

func (o *observer) known(pool string) memory {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.view(pool)
	maps.DeleteFunc(v.ended, func(_ string, at time.Time) bool { return time.Since(at) >= endBelieved })
	maps.DeleteFunc(v.unanswered, func(_ string, at time.Time) bool { return time.Since(at) >= unansweredFor })
	clear(v.changed)
	return memory{maps.Clone(v.inspections), maps.Clone(v.ended), maps.Clone(v.unanswered)}
}

// wants gives a container what is remembered of it, and says whether it has to be
// inspected.
func (m memory) wants(c *runtime.Container) bool {
	k, known := m.inspections[c.ID]
	if known && k.state == c.State {
		c.Inspection = k.Inspection
		if !k.stale {
			return false
		}
	}
	if c.State == runtime.StateCreated || c.State == runtime.StateRemoving {
		return false
	}
	if c.Owner.Role == runtime.RoleWorker && c.State == runtime.StateRunning && time.Since(m.ended[c.ID]) < endBelieved {
		// The engine has told of the end, and takes a while (25 ms in 20.10)
		// until it lists it or lets the container be inspected. A replacement
		// need not wait for that; a later pass sees what became of this one.
		c.State, c.Inspection = runtime.StateExited, nil
		return false
	}
	return true
}

func (o *observer) remember(pool string, containers []runtime.Container, unanswered map[string]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.view(pool)
	fresh := map[string]inspected{}
	for _, c := range containers {
		if c.Inspection != nil {
			fresh[c.ID] = inspected{c.Inspection, c.State, v.changed[c.ID] || unanswered[c.ID]}
		}
		if _, noted := v.unanswered[c.ID]; unanswered[c.ID] && !noted {
			v.unanswered[c.ID] = time.Now()
		}
	}
	v.inspections = fresh
}
