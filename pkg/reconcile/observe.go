package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
)

const (
	// auditPerResync is how many settled containers of a pool are inspected
	// again at each resync: hand-made changes that no event told of are found
	// in the end, at a cost that does not grow with the pool.
	auditPerResync = 5
	// endBelieved is how long an event's word for the end of a container is taken
	// against a listing that has it running.
	endBelieved = time.Second
	// observeTimeout bounds the reading of one pool: an engine that has not
	// answered by then is taken to be unavailable.
	observeTimeout = 15 * time.Second
	// inspectParallel bounds inspections at one time.
	inspectParallel = 8
	// inspectTimeout bounds one inspection, and unansweredFor is for how long a
	// container is not inspected again that has not been told of: an engine may hang
	// with one container and be well with all others (20.10, one that is paused while a
	// command is being started in it).
	inspectTimeout = 3 * time.Second
	unansweredFor  = 10 * time.Second
)

// observer reads the engine. A container is inspected when it is first seen
// running, when it has exited, and when an event says that it changed; networks,
// volumes and images are read again only after an event about them and at each
// resync. So a pass over a settled pool is one list call.
type observer struct {
	runtime runtime.Runtime

	mu     sync.Mutex
	views  map[string]*view
	images map[string]string
	// epoch grows with each image event: what was read before it is not kept.
	epoch int
}

// view is what is remembered of one pool between passes.
type view struct {
	inspections map[string]inspected
	ended       map[string]time.Time // when an event said so of an id
	changed     map[string]bool      // ids with an event since the current pass began
	unanswered  map[string]time.Time // when the engine last failed to tell of an id
	network     *runtime.Network
	volumes     map[string]runtime.Volume
	networkRead bool
	volumesRead bool
}

// inspected is an inspection and the state that the container was listed in. A stale
// one is made again, and is what there is where that does not work.
type inspected struct {
	*runtime.Inspection
	state runtime.State
	stale bool
}

func newObserver(rt runtime.Runtime) *observer {
	return &observer{runtime: rt, views: map[string]*view{}, images: map[string]string{}}
}

func (o *observer) view(pool string) *view {
	v := o.views[pool]
	if v == nil {
		v = &view{inspections: map[string]inspected{}, ended: map[string]time.Time{}, changed: map[string]bool{}, unanswered: map[string]time.Time{}}
		o.views[pool] = v
	}
	return v
}

// invalidate forgets what an event says may have changed.
func (o *observer) invalidate(e runtime.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Kind {
	case runtime.EventContainer:
		v := o.view(e.Pool)
		v.outdate(e.ID)
		v.changed[e.ID] = true
		if e.Action == "die" {
			v.ended[e.ID] = time.Now()
		} else {
			delete(v.ended, e.ID)
		}
	case runtime.EventNetwork:
		o.view(e.Pool).networkRead = false
	case runtime.EventVolume:
		o.view(e.Pool).volumesRead = false
	case runtime.EventImage:
		clear(o.images)
		o.epoch++
	}
}

// acted forgets what a pass's own actions have changed: it must not need an
// event to see them.
func (o *observer) acted(pool string, results []Result) {
	for _, r := range results {
		switch a := r.Action.(type) {
		case CreateNetwork, RemoveNetwork:
			o.invalidate(runtime.Event{Kind: runtime.EventNetwork, Pool: pool})
		case CreateVolume, RemoveVolume:
			o.invalidate(runtime.Event{Kind: runtime.EventVolume, Pool: pool})
		case ImportPause:
			o.invalidate(runtime.Event{Kind: runtime.EventImage})
		case Start:
			o.invalidate(runtime.Event{Kind: runtime.EventContainer, Pool: pool, ID: a.ID})
		case Update:
			o.invalidate(runtime.Event{Kind: runtime.EventContainer, Pool: pool, ID: a.ID})
		}
	}
}

// invalidateAll forgets everything, as after a gap in the events.
func (o *observer) invalidateAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.views)
	clear(o.images)
}

// audit forgets a little of a pool, so that each resync reads that much again.
func (o *observer) audit(pool string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.view(pool)
	v.networkRead, v.volumesRead = false, false
	clear(o.images)
	for i, id := range slices.Collect(maps.Keys(v.inspections)) { // map order is the lottery
		if i >= auditPerResync {
			break
		}
		v.outdate(id)
	}
}

// outdate has a container inspected again.
func (v *view) outdate(id string) {
	if k, known := v.inspections[id]; known {
		k.stale = true
		v.inspections[id] = k
	}
}

// forget drops what is remembered of a pool that is no more.
func (o *observer) forget(pool string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.views, pool)
}

// observe reads what the engine has for a pool. images are the references whose
// presence matters.
func (o *observer) observe(ctx context.Context, pool string, images []string) (Observed, error) {
	limited, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	observed, err := o.read(limited, pool, images)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return Observed{}, fmt.Errorf("%w: no answer within %s: %w", runtime.ErrUnavailable, observeTimeout, err)
	}
	return observed, err
}

func (o *observer) read(ctx context.Context, pool string, images []string) (Observed, error) {
	containers, err := o.runtime.List(ctx, pool)
	if err != nil {
		return Observed{}, fmt.Errorf("list the containers of pool %q: %w", pool, err)
	}
	unanswered, err := o.inspect(ctx, pool, containers)
	if err != nil {
		return Observed{}, err
	}
	observed := Observed{Containers: containers, Unanswered: unanswered}
	if observed.Network, err = o.network(ctx, pool); err != nil {
		return Observed{}, err
	}
	if observed.Volumes, err = o.volumes(ctx, pool); err != nil {
		return Observed{}, err
	}
	if observed.Images, err = o.imagesOf(ctx, images); err != nil {
		return Observed{}, err
	}
	if observed.Host, err = o.runtime.Host(ctx); err != nil {
		return Observed{}, fmt.Errorf("read what the engine's host has: %w", err)
	}
	return observed, nil
}

// inspect adds inspections where they are wanted. A container that is gone
// meanwhile counts as on its way out: the next listing tells. One that the engine does
// not tell of is as it was last inspected, if it was.
func (o *observer) inspect(ctx context.Context, pool string, containers []runtime.Container) (unanswered map[string]bool, err error) {
	known, ended, silent := o.known(pool)
	failed := make([]error, len(containers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectParallel)
	for i := range containers {
		c := &containers[i]
		k, ok := known[c.ID]
		if ok && k.state == c.State {
			c.Inspection = k.Inspection
			if !k.stale {
				continue
			}
		}
		if c.State == runtime.StateCreated || c.State == runtime.StateRemoving {
			continue
		}
		if c.Owner.Role == runtime.RoleWorker && c.State == runtime.StateRunning && time.Since(ended[c.ID]) < endBelieved {
			// The engine has told of the end, and takes a while (25 ms in 20.10)
			// until it lists it or lets the container be inspected. A replacement
			// need not wait for that; a later pass sees what became of this one.
			c.State, c.Inspection = runtime.StateExited, nil
			continue
		}
		if time.Since(silent[c.ID]) < unansweredFor {
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

// known returns the remembered inspections, the ids that have ended, and those that the
// engine has not told of, as they were before this pass's listing: an event that arrives
// from here on makes the next pass inspect anew.
func (o *observer) known(pool string) (inspections map[string]inspected, ended, silent map[string]time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.view(pool)
	maps.DeleteFunc(v.ended, func(_ string, at time.Time) bool { return time.Since(at) >= endBelieved })
	maps.DeleteFunc(v.unanswered, func(_ string, at time.Time) bool { return time.Since(at) >= unansweredFor })
	clear(v.changed)
	return maps.Clone(v.inspections), maps.Clone(v.ended), maps.Clone(v.unanswered)
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
