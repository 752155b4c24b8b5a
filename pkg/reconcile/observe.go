package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

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
