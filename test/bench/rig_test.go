//go:build bench

package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/probe"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

// Names on an engine are shared by all instances: each run has its own.
var pool = fmt.Sprintf("bench%d", os.Getpid())

// rig is a controller in this process on the real engine, and the engine itself
// for the bare side.
type rig struct {
	t      *testing.T
	engine *docker.Engine

	mu       sync.Mutex
	manifest reconcile.Manifest
	known    bool

	events     *reconcile.Events
	reconciler *reconcile.Reconciler
	controller *reconcile.Controller
	extend     func(*reconcile.Options) // what else it has; nil: nothing
	end        func()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	endpoint, err := docker.Resolve("", "")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := docker.New(endpoint, fmt.Sprintf("bench-%d", os.Getpid()), docker.WithPauseBinary("../../bin/hal-controller"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, engine: engine, events: &reconcile.Events{}}
	t.Cleanup(r.clean)
	return r
}

// start runs a controller until end is called.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	prober := probe.NewManager(ctx, r.engine, 4, func(pool string) { r.reconciler.Enqueue(pool) })
	options := reconcile.Options{
		Runtime: r.engine, Manifests: r, Prober: prober, Rollouts: &reconcile.MemoryRollouts{},
		Claimable: &reconcile.Claimable{}, Events: r.events, Parallel: parallel, Now: time.Now, Log: logr.Discard(),
	}
	if r.extend != nil {
		r.extend(&options)
	}
	r.reconciler = reconcile.New(options)
	r.controller = reconcile.NewController(r.reconciler, 30*time.Second, nil)
	done := make(chan error, 1)
	go func() { done <- r.controller.Run(ctx) }()
	r.end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
		r.reconciler.WaitStops()
		prober.Wait()
	})
}

// declare sets what is wanted and has it looked at.
func (r *rig) declare(warm int) {
	limit := warm + 60
	p := &spec.Pool{
		APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: pool},
		Spec: spec.PoolSpec{Workers: spec.Workers{Warm: warm, Max: &limit, Template: spec.WorkerTemplate{
			Image: image, Command: []string{"sleep", "infinity"}, Resources: spec.Resources{Memory: 64 << 20},
		}}},
	}
	spec.Default(p)
	r.mu.Lock()
	r.manifest = reconcile.Manifest{Pool: p, Generation: r.manifest.Generation + 1}
	r.known = true
	r.mu.Unlock()
	r.controller.Enqueue(pool)
}

// settle waits until the latest manifest is as declared, and nothing is left.
func (r *rig) settle() {
	r.t.Helper()
	events, stop := r.events.Listen()
	defer stop()
	timeout := time.After(30 * time.Second)
	for {
		status := r.reconciler.Status(pool)
		if reconcile.Settled(status) && status.ObservedGeneration == r.manifest.Generation && len(status.Workers) == status.Warm {
			return
		}
		select {
		case <-events:
		case <-time.After(time.Millisecond):
		case <-timeout:
			r.t.Fatalf("not settled within 30 seconds: %+v", status)
		}
	}
}

// Manifest, Names, Synced and Forget implement reconcile.Manifests.
func (r *rig) Manifest(name string) (reconcile.Manifest, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.manifest, r.known && name == pool
}
func (r *rig) Names() []string { return []string{pool} }
func (r *rig) Synced() bool    { return false }
func (r *rig) Forget(string)   {}

// worker is one of the pool's workers by another name and in another pool, so
// that the controller leaves it alone.
func (r *rig) worker(i int) runtime.ContainerSpec {
	w := reconcile.Desire(r.manifest.Pool).Worker.Worker(i)
	bare := pool + "-bare"
	w.Name, w.Owner.Pool = reconcile.WorkerName(bare, i), bare
	w, _ = reconcile.NoSlots{}.Fill(w)
	return w
}

// bareUp creates and starts n of the pool's workers, as many at once as given.
func (r *rig) bareUp(n, atOnce int) []string {
	ids := make([]string, n)
	r.each(n, atOnce, func(ctx context.Context, i int) error {
		id, err := r.engine.Create(ctx, r.worker(i))
		if err != nil {
			return err
		}
		ids[i] = id
		return r.engine.Start(ctx, id)
	})
	return ids
}

// bareDown stops and removes containers: what the controller does, in the same
// two calls.
func (r *rig) bareDown(ids []string, atOnce int) {
	r.each(len(ids), atOnce, func(ctx context.Context, i int) error {
		if err := r.engine.Stop(ctx, ids[i]); err != nil {
			return err
		}
		return r.engine.Remove(ctx, ids[i])
	})
}

// bareKill removes containers with one forced call each.
func (r *rig) bareKill(ids []string, atOnce int) {
	r.each(len(ids), atOnce, func(ctx context.Context, i int) error { return r.engine.Remove(ctx, ids[i]) })
}

// kill is `docker kill`, over the engine's socket: the controller has no use for
// it.
func (r *rig) kill(id string) {
	r.t.Helper()
	socket := strings.TrimPrefix(r.engine.Endpoint().Host, "unix://")
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
	response, err := client.Post("http://docker/containers/"+id+"/kill", "", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		r.t.Fatalf("kill %s: %s", id, response.Status)
	}
}

func (r *rig) each(n, atOnce int, do func(ctx context.Context, i int) error) {
	r.t.Helper()
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		r.t.Fatal(err)
	}
}

// clean removes what carries this run's instance label.
func (r *rig) clean() {
	r.end()
	ctx := context.Background()
	containers, err := r.engine.List(ctx, "")
	if err != nil {
		r.t.Log(err)
		return
	}
	slices.SortFunc(containers, func(a, b runtime.Container) int { // sandboxes last
		if a.Owner.Role == b.Owner.Role {
			return 0
		}
		if a.Owner.Role == runtime.RoleSandbox {
			return 1
		}
		return -1
	})
	for _, c := range containers {
		_ = r.engine.Remove(ctx, c.ID)
	}
	networks, _ := r.engine.ListNetworks(ctx, "")
	for _, n := range networks {
		_ = r.engine.RemoveNetwork(ctx, n.Name)
	}
	_ = r.engine.Close()
}
