package main

import (
	"context"
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/probe"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
	"hal-controller/pkg/state"
)

// operator is a controller with all that it needs, put together: what `run` and
// `converge` have in common.
type operator struct {
	engine     *docker.Engine
	endpoint   docker.Endpoint
	socket     string // of the API
	lock       *state.Lock
	store      *spec.Store
	manifests  manifests
	events     *reconcile.Events
	reconciler *reconcile.Reconciler
	controller *reconcile.Controller
	prober     *probe.Manager
	claimable  *reconcile.Claimable
	claims     *claim.Claims // nil where no state is kept
	binder     *bind.Slots   // nil where directories cannot be bound into workers
	audit      *claim.Audit
	roots      []string      // where projects may be; empty: where the caller is or lives
	state      string        // the state directory; "" where none is kept
	changed    chan struct{} // manifests may have changed
	log        logr.Logger
}

// controllerOptions are the flags of `run` and `converge`.
type controllerOptions struct {
	path     string
	parallel int
	resync   time.Duration
	// stateDir is the base of the state directory, "" for keeping nothing.
	stateDir string
	claims   claimOptions
	// profiles is the address that Go's profiles are served at; "": nowhere.
	profiles string
	// socketGroup is whose members may use the socket; "": this process's group.
	socketGroup string
	// prune drains pools that are on the engine and not in the manifests.
	prune bool
}

func defaultParallel() int { return 2 * goruntime.NumCPU() }

// newOperator connects to the engine, takes the lock, and reads the manifests
// once. The caller closes it. ctx bounds probing, and must outlive run.
func (a *app) newOperator(ctx context.Context, o controllerOptions, log logr.Logger) (*operator, error) {
	engine, err := a.engine(ctx)
	if err != nil {
		return nil, err
	}
	id, err := engineID(ctx, engine)
	if err != nil {
		_ = engine.Close()
		return nil, fmt.Errorf("ask the engine for its id: %w", err)
	}
	lock, err := state.Acquire(id, a.instance)
	if err != nil {
		_ = engine.Close()
		return nil, err
	}
	if o.stateDir != "" {
		o.stateDir = state.For(o.stateDir, id, a.instance)
	}
	o.claims.slots = state.Slots(id, a.instance)
	op := &operator{
		engine: engine, lock: lock, log: log, events: &reconcile.Events{}, claimable: &reconcile.Claimable{}, state: o.stateDir,
		store: spec.NewStore(o.path, o.stateDir), changed: make(chan struct{}, 1),
	}
	op.manifests = manifests{op.store, o.prune}
	op.endpoint, op.socket = engine.Endpoint(), a.socketPath()
	if err := op.openClaims(ctx, o.claims); err != nil {
		op.close()
		return nil, err
	}
	op.build(ctx, o)
	return op, nil
}

// engineWithin is how long the engine has to say who it is.
const engineWithin = 20 * time.Second

// engineID asks an engine who it is, and refuses one that is not supported.
func engineID(ctx context.Context, engine *docker.Engine) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, engineWithin, fmt.Errorf("no answer within %s", engineWithin))
	defer cancel()
	id, err := engine.EngineID(ctx)
	var version docker.Version
	if err == nil {
		version, err = engine.ServerVersion(ctx)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err == nil && version.Podman:
		return "", fmt.Errorf("it is Podman %s, which is not supported: %s", version.Version, podmanWayOut)
	default:
		return id, err
	}
}

func (op *operator) build(ctx context.Context, o controllerOptions) {
	op.prober = probe.NewManager(ctx, op.engine, o.parallel, func(pool string) { op.reconciler.Enqueue(pool) })
	options := reconcile.Options{
		Runtime: op.engine, Manifests: op.manifests, Prober: op.prober,
		Rollouts:  rolloutsIn(o.stateDir),
		Claimable: op.claimable, Events: op.events,
		Parallel: o.parallel, Now: time.Now, Log: op.log,
	}
	if op.claims != nil {
		options.Claims = op.claims
	}
	if op.binder != nil {
		options.Slots = claim.Slots{Binder: op.binder}
	}
	op.reconciler = reconcile.New(options)
	op.controller = reconcile.NewController(op.reconciler, o.resync, op.changed)
}

// rolloutsIn keeps rollout records in the state directory, or, with none, only
// as long as the process runs.
func rolloutsIn(stateDir string) reconcile.RolloutStore {
	if stateDir == "" {
		return &reconcile.MemoryRollouts{}
	}
	return state.Rollouts{Dir: filepath.Join(stateDir, "rollouts")}
}

// reload reads the manifests again and has every pool looked at. What is wrong
// with them is in the store, and in the pools' conditions.
func (op *operator) reload() {
	_ = op.store.Reload()
	select {
	case op.changed <- struct{}{}:
	default:
	}
}

// run reconciles until ctx ends, with the given companions: the first to end
// with an error ends all, and all are waited for.
func (op *operator) run(ctx context.Context, companions ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return op.controller.Run(ctx) })
	for _, companion := range companions {
		group.Go(func() error { return companion(ctx) })
	}
	return group.Wait()
}

// close gives the lock and the connection back.
func (op *operator) close() {
	if op.binder != nil {
		_ = op.binder.Close()
	}
	_ = op.audit.Close()
	_ = op.lock.Release()
	_ = op.engine.Close()
}

// pools are the pools with their status, by name.
func (op *operator) pools() []spec.Pool {
	var pools []spec.Pool
	for _, name := range op.manifests.Names() {
		if manifest, known := op.manifests.Manifest(name); known {
			pool := *manifest.Pool
			if status := op.reconciler.Status(name); status != nil {
				latest := *status
				latest.Generation = manifest.Generation
				pool.Status = &latest
			}
			pools = append(pools, pool)
		}
	}
	return pools
}
