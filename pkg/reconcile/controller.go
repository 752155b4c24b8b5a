package reconcile

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/util/workqueue"

	"hal-controller/pkg/runtime"
)

// Controller calls the reconciler for every pool that something may have
// happened to: a manifest, an event of the engine, a resync tick. What happened
// is never passed on, only where to look; so losing any of it costs at most one
// resync.
type Controller struct {
	Reconciler *Reconciler
	// Resync is how often every pool is looked at anyway.
	Resync time.Duration
	// Manifests is signalled when manifests may have changed; nil is never.
	Manifests <-chan struct{}

	queue workqueue.TypedRateLimitingInterface[string]
}

// Retry delays after an error, and when the engine is gone.
const (
	retryFirst       = 100 * time.Millisecond
	retryMax         = 30 * time.Second
	retryUnavailable = 500 * time.Millisecond
	poolsAtOnce      = 4
	// stopsTogether is how long the end of a stop waits for others, which the
	// next pass then takes in one.
	stopsTogether = 20 * time.Millisecond
	// disconnectListed is when a container that has been disconnected from a network is
	// sure to be listed without it: engines (2.0 beta) tell of it a little before.
	disconnectListed = time.Second
)

// NewController makes a Controller; call Run.
func NewController(r *Reconciler, resync time.Duration, manifests <-chan struct{}) *Controller {
	c := &Controller{
		Reconciler: r, Resync: resync, Manifests: manifests,
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](retryFirst, retryMax)),
	}
	r.Enqueue = c.Enqueue
	r.stopped = func(pool string) { c.queue.AddAfter(pool, stopsTogether) }
	return c
}

// Enqueue has a pool looked at soon, once however often it is called meanwhile.
func (c *Controller) Enqueue(pool string) { c.queue.Add(pool) }

// Run reconciles until ctx ends, and returns when all its work has. It returns
// nil then.
func (c *Controller) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.watchEngine(ctx) })
	group.Go(func() error { return c.tick(ctx) })
	for range poolsAtOnce {
		group.Go(func() error {
			for c.next(ctx) {
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		c.queue.ShutDown()
		return nil
	})
	return group.Wait()
}

// tick enqueues every pool at each resync and whenever manifests may have
// changed.
func (c *Controller) tick(ctx context.Context) error {
	ticker := time.NewTicker(c.Resync)
	defer ticker.Stop()
	c.enqueueAll(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.Manifests:
			c.enqueueDeclared()
		case <-ticker.C:
			for _, pool := range c.Reconciler.Pools() {
				c.Reconciler.Audit(pool)
			}
			c.enqueueAll(ctx)
		}
	}
}

// watchEngine enqueues the pool of every event. The stream never reopens
// itself, and what happened in between is unknown, so each opening is followed
// by a look at everything.
func (c *Controller) watchEngine(ctx context.Context) error {
	for ctx.Err() == nil {
		ended := c.Reconciler.Runtime.Events(ctx, func() {
			c.Reconciler.InvalidateAll()
			c.enqueueAll(ctx)
		}, c.event)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the stream ends because we do
		}
		c.Reconciler.Log.V(1).Info("engine events ended; reopening", "cause", ended.Error())
		c.enqueueDeclared()
		select {
		case <-ctx.Done():
		case <-time.After(retryUnavailable):
		}
	}
	return nil
}

func (c *Controller) event(e runtime.Event) {
	c.Reconciler.Invalidate(e)
	if c.Reconciler.Stopping(e.Pool, e.ID) {
		return // our own doing, and its end has the pool looked at
	}
	if e.Pool == "" {
		c.enqueueDeclared()
		return
	}
	c.queue.Add(e.Pool)
	if e.Action == "disconnect" {
		c.queue.AddAfter(e.Pool, disconnectListed)
	}
}

func (c *Controller) enqueueDeclared() {
	for _, pool := range c.Reconciler.Manifests.Names() {
		c.queue.Add(pool)
	}
}

// enqueueAll also finds the pools that are on the engine and in no manifest.
func (c *Controller) enqueueAll(ctx context.Context) {
	c.enqueueDeclared()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pools, err := poolsOn(ctx, c.Reconciler.Runtime)
	if err != nil {
		return // the pools' own passes report what is wrong with the engine
	}
	for _, pool := range pools {
		c.queue.Add(pool)
	}
}

// poolsOn are the pools that the engine has something of.
func poolsOn(ctx context.Context, rt runtime.Runtime) ([]string, error) {
	found := map[string]bool{}
	containers, err := rt.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list the containers of all pools: %w", err)
	}
	for _, c := range containers {
		found[c.Owner.Pool] = true
	}
	networks, err := rt.ListNetworks(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list the networks of all pools: %w", err)
	}
	for _, n := range networks {
		found[n.Pool] = true
	}
	delete(found, "")
	return sortedKeys(found), nil
}

// next reconciles the next pool, and decides when to look at it again.
func (c *Controller) next(ctx context.Context) bool {
	pool, shutdown := c.queue.Get()
	if shutdown {
		return false
	}
	defer c.queue.Done(pool)
	pass, err := c.reconcile(ctx, pool)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, runtime.ErrUnavailable):
		c.queue.AddAfter(pool, retryUnavailable)
	case pass.Again:
		c.queue.Forget(pool)
		c.queue.Add(pool)
	case errors.Is(err, ErrTerminal):
		c.queue.Forget(pool)
		c.Reconciler.Log.Error(err, "reconcile failed; waiting for a change", "pool", pool)
	case err != nil:
		c.Reconciler.Log.Error(err, "reconcile failed; retrying", "pool", pool)
		c.queue.AddRateLimited(pool)
	default:
		c.queue.Forget(pool)
	}
	if pass.RequeueAfter > 0 {
		c.queue.AddAfter(pool, pass.RequeueAfter)
	}
	return true
}

// reconcile turns a panic over one pool into an error, so that it does not stop
// the others.
func (c *Controller) reconcile(ctx context.Context, pool string) (pass Pass, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reconcile pool %q: panic: %v\n%s", pool, r, debug.Stack())
		}
	}()
	return c.Reconciler.Reconcile(ctx, pool)
}
