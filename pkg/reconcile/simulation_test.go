package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// TestSimulation settles random worlds: a random pool, random faults of the
// engine, lost replies, foreign containers, claims, edits of the manifest, hands
// that meddle and controllers that die. HAL_SIMULATION_WORLDS is how many;
// HAL_SIMULATION_SEED replays one.
func TestSimulation(t *testing.T) {
	if text := os.Getenv("HAL_SIMULATION_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		newWorld(t, seed).live()
		return
	}
	worlds := 1000
	if text := os.Getenv("HAL_SIMULATION_WORLDS"); text != "" {
		worlds, _ = strconv.Atoi(text)
	}
	first := uint64(time.Now().UnixNano())
	t.Logf("%d worlds from seed %d", worlds, first)
	const shards = 4
	for shard := range shards {
		t.Run(fmt.Sprint("shard=", shard), func(t *testing.T) {
			t.Parallel()
			for i := shard; i < worlds; i += shards {
				newWorld(t, first+uint64(i)).live()
				if t.Failed() {
					t.Fatalf("replay it with: HAL_SIMULATION_SEED=%d go test -run TestSimulation ./pkg/reconcile", first+uint64(i))
				}
			}
		})
	}
}

// world is one pool on one fake engine, with everything that can happen to it.
type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	engine *fake.Runtime

	mu      sync.Mutex
	now     time.Time
	faults  bool
	calls   map[string]int
	claimed map[string]string // container id -> claim
	history []string
	foreign []runtime.Container

	enqueued atomic.Bool // a stop has ended

	manifest   reconcile.Manifest
	rollouts   *reconcile.MemoryRollouts
	reconciler *reconcile.Reconciler
	claimable  *reconcile.Claimable
	forgotten  bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), now: noon, faults: true,
		calls: map[string]int{}, claimed: map[string]string{}, rollouts: &reconcile.MemoryRollouts{},
	}
	w.engine = fake.New(w.clock)
	for _, image := range []string{"parent:1", "parent:2", "worker:1", "worker:2", "worker:bad"} {
		w.engine.AddImage(image)
	}
	w.engine.AddForeign("somebody-else")
	if w.chance(20) {
		w.engine.AddForeign("hal-dev-1") // in the way of a worker, for good
	}
	w.foreign = w.engine.Snapshot().Foreign
	w.engine.StartExits(func(c runtime.ContainerSpec) (int, bool) { return 1, c.Image == "worker:bad" })
	w.engine.Fail(w.refuse)
	w.engine.LoseReply(w.lose)
	w.manifest = reconcile.Manifest{Pool: w.randomPool(), Generation: 1}
	w.restart()
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) chance(percent int) bool { return w.random.IntN(100) < percent }

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, fmt.Sprintf(format, args...))
}

// refuse and lose decide about a call by its name and how often it was made, so
// that the order in which parallel calls arrive makes no difference to a replay.
func (w *world) refuse(c fake.Call) error {
	if w.draw("refuse", c) < 4 {
		return errors.New("500: injected")
	}
	return nil
}

func (w *world) lose(c fake.Call) error {
	if _, err := strconv.Atoi(strings.TrimPrefix(c.Name, "hal-dev-")); c.Method == "create" && err == nil {
		w.countWorkers()
	}
	if w.draw("lose", c) < 4 {
		return errors.New("reply lost: injected")
	}
	return nil
}

func (w *world) draw(what string, c fake.Call) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := what + " " + c.String()
	w.calls[key]++
	if !w.faults {
		return 100
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", w.seed, key, w.calls[key])
	return h.Sum64() % 100
}

// countWorkers is after each create of a worker, the one moment at which there
// may be one too many.
func (w *world) countWorkers() {
	workers := len(w.ours(runtime.RoleWorker))
	if limit := *w.manifest.Pool.Spec.Workers.Max; workers > limit {
		w.fatal("%d workers exist after a create; max is %d", workers, limit)
	}
}

func (w *world) randomPool() *spec.Pool {
	warm := w.random.IntN(4)
	edits := []func(*spec.Pool){setWarm(warm), setMax(max(1, warm+w.random.IntN(3))), workerImage([]string{"worker:1", "worker:2", "worker:bad"}[w.random.IntN(3)])}
	if w.chance(30) {
		edits = append(edits, bridge)
	}
	if w.chance(40) {
		edits = append(edits, noParent)
	} else if w.chance(50) {
		edits = append(edits, func(p *spec.Pool) { p.Spec.Parent.Image = "parent:2" })
	}
	if w.chance(20) {
		edits = append(edits, withCache)
	}
	if w.chance(50) {
		edits = append(edits, execReadiness("true"))
	}
	edits = append(edits, onFailure([]spec.OnFailure{spec.OnFailurePause, spec.OnFailureRollback, spec.OnFailureContinue}[w.random.IntN(3)]))
	return newPool(append(edits, func(p *spec.Pool) {
		if p.Spec.Parent != nil {
			p.Spec.Parent.Readiness = nil
		}
	})...)
}

// The world as the reconciler sees it.

func (w *world) Manifest(pool string) (reconcile.Manifest, bool) {
	return w.manifest, pool == "dev" && !w.forgotten
}
func (w *world) Names() []string { return []string{"dev"} }
func (w *world) Synced() bool    { return true }
func (w *world) Forget(string)   { w.forgotten = true }

// slowProbes answer only after some looks at them, and forget all in a restart.
type slowProbes struct {
	w       *world
	targets []reconcile.Target
	looks   map[string]int
}

func (p *slowProbes) Watch(_ string, targets []reconcile.Target) { p.targets = targets }

func (p *slowProbes) Health(string) map[string]reconcile.Health {
	health := map[string]reconcile.Health{}
	for _, t := range p.targets {
		p.looks[t.ID]++
		h := reconcile.Health{State: reconcile.HealthStarting, Since: t.StartedAt}
		switch looks := p.looks[t.ID]; {
		case looks > 4:
			h = reconcile.Health{State: reconcile.HealthReady, Since: t.StartedAt, Tried: true}
		case looks > 2:
			h.Tried = true
		}
		if h.State == reconcile.HealthStarting {
			p.w.enqueued.Store(true) // an answer is on its way
		}
		health[t.ID] = h
	}
	return health
}

type noProbes struct{}

func (noProbes) Watch(string, []reconcile.Target)          {}
func (noProbes) Health(string) map[string]reconcile.Health { return nil }

// restart is a controller that was killed and started again: all that it had in
// memory is gone.
func (w *world) restart() {
	w.claimable = &reconcile.Claimable{}
	w.reconciler = reconcile.New(reconcile.Options{
		Runtime: w.engine, Manifests: w, Prober: &slowProbes{w: w, looks: map[string]int{}}, Rollouts: w.rollouts,
		Claimable: w.claimable, Events: &reconcile.Events{}, Parallel: 2, Now: w.clock, Log: logr.Discard(),
	})
	w.reconciler.Enqueue = func(string) { w.enqueued.Store(true) }
}

func (w *world) live() {
	for range 4 + w.random.IntN(12) {
		w.disturb()
		for range w.random.IntN(4) {
			w.pass()
		}
		w.check()
		if w.t.Failed() {
			return
		}
	}
	w.settle()
}

// pass is one pass, and a little time.
func (w *world) pass() reconcile.Pass {
	if w.chance(40) {
		w.reconciler.InvalidateAll() // the events that there were
	}
	w.engine.ResetCalls()
	pass, err := w.reconciler.Reconcile(context.Background(), "dev")
	w.reconciler.WaitStops()
	pass.Again = w.enqueued.Swap(false) || pass.Again
	w.say("pass at %s: %s; again=%v after=%v err=%v", w.clock().Format("15:04:05.0"), strings.Join(w.engine.Changes(), ", "), pass.Again, pass.RequeueAfter, err)
	w.check()
	w.advance(100 * time.Millisecond)
	return pass
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// disturb does one thing to the world.
func (w *world) disturb() {
	workers := w.ours(runtime.RoleWorker)
	pick := func(among []runtime.Container) (runtime.Container, bool) {
		if len(among) == 0 {
			return runtime.Container{}, false
		}
		return among[w.random.IntN(len(among))], true
	}
	var free []runtime.Container
	for _, c := range workers {
		if _, taken := w.claimed[c.ID]; !taken {
			free = append(free, c)
		}
	}
	c, any := pick(free)
	everything, _ := pick(append(w.ours(runtime.RoleParent), w.ours(runtime.RoleSandbox)...))
	switch n := w.random.IntN(14); {
	case n == 0 && any:
		w.say("kill %s", c.Name)
		w.engine.Kill(c.Name, 137)
		w.tellOfEnd(c)
	case n == 1 && any:
		w.say("oom %s", c.Name)
		w.engine.OOM(c.Name)
		w.tellOfEnd(c)
	case n == 2 && any:
		w.say("pause %s", c.Name)
		w.engine.Pause(c.Name)
	case n == 3 && any:
		w.say("remove %s", c.Name)
		w.quietly(func(ctx context.Context) { _ = w.engine.Remove(ctx, c.ID) })
	case n == 4 && any:
		w.say("rename %s", c.Name)
		w.quietly(func(ctx context.Context) { _ = w.engine.Rename(ctx, c.ID, "renamed-"+c.ID) })
	case n == 5 && any:
		w.say("update %s", c.Name)
		w.quietly(func(ctx context.Context) { _ = w.engine.Update(ctx, c.ID, runtime.Limits{Memory: 1 << 30}) })
	case n == 6 && everything.Name != "":
		w.say("kill %s", everything.Name)
		w.engine.Kill(everything.Name, 137)
	case n == 7 && everything.Name != "":
		w.say("remove %s", everything.Name)
		w.quietly(func(ctx context.Context) { _ = w.engine.Remove(ctx, everything.ID) })
	case n == 8:
		w.claim()
	case n == 9:
		w.release()
	case n == 10:
		w.say("controller killed")
		w.restart()
	case n == 11:
		w.advance(time.Duration(w.random.IntN(600)) * time.Second)
	case n == 12:
		w.manifest.Pool, w.manifest.Generation = w.randomPool(), w.manifest.Generation+1
		w.manifest.Deleted, w.forgotten = w.chance(10), false
		w.say("manifest: %s warm=%d max=%d mode=%s deleted=%v", w.manifest.Pool.Spec.Workers.Template.Image, w.manifest.Pool.Spec.Workers.Warm, *w.manifest.Pool.Spec.Workers.Max, w.manifest.Pool.Spec.Network.Mode, w.manifest.Deleted)
	default:
		w.say("engine down")
		w.engine.Down(true)
		w.pass()
		w.engine.Down(false)
	}
}

// tellOfEnd is the event of an end, which may be lost.
func (w *world) tellOfEnd(c runtime.Container) {
	if w.chance(70) {
		w.reconciler.Invalidate(runtime.Event{Kind: runtime.EventContainer, Action: "die", ID: c.ID, Pool: "dev"})
	}
}

// claim takes a worker as claims do: off the offer, then by its name.
func (w *world) claim() {
	taken, ok := w.claimable.Take("dev")
	if !ok {
		return
	}
	id := taken.ID
	for _, c := range w.ours(runtime.RoleWorker) {
		if c.ID == id && c.State == runtime.StateRunning {
			name := fmt.Sprintf("c%d", len(w.claimed))
			w.say("claim %s by %s", c.Name, name)
			w.quietly(func(ctx context.Context) {
				if w.engine.Rename(ctx, id, reconcile.ClaimedName("dev", c.Owner.Ordinal, name)) == nil {
					w.claimed[id] = name
				}
			})
			return
		}
	}
	w.claimable.Drop("dev", id)
}

func (w *world) release() {
	for id, name := range w.claimed {
		w.say("release %s", name)
		delete(w.claimed, id)
		w.claimable.Drop("dev", id)
		w.quietly(func(ctx context.Context) { _ = w.engine.Remove(ctx, id) })
		return
	}
}

// quietly is a hand at work, which no fault is injected into.
func (w *world) quietly(do func(context.Context)) {
	w.mu.Lock()
	before := w.faults
	w.faults = false
	w.mu.Unlock()
	do(context.Background())
	w.mu.Lock()
	w.faults = before
	w.mu.Unlock()
}

func (w *world) ours(role runtime.Role) []runtime.Container {
	var found []runtime.Container
	for _, c := range w.engine.Snapshot().Containers {
		if c.Owner.Role == role {
			found = append(found, c)
		}
	}
	return found
}

// check is the promises that hold at every moment.
func (w *world) check() {
	for id, name := range w.claimed {
		alive := false
		for _, c := range w.ours(runtime.RoleWorker) {
			alive = alive || c.ID == id && c.State == runtime.StateRunning
		}
		if !alive {
			w.fatal("the worker of claim %s was stopped", name)
		}
	}
	if foreign := w.engine.Snapshot().Foreign; !reflect.DeepEqual(foreign, w.foreign) {
		w.fatal("a foreign container was touched: %v", foreign)
	}
}

// settle ends all faults, and expects the world to become as declared and stay.
func (w *world) settle() {
	w.mu.Lock()
	w.faults = false
	w.mu.Unlock()
	quiet := 0
	for n := range 400 {
		w.reconciler.InvalidateAll()
		pass := w.pass()
		if w.t.Failed() {
			return
		}
		if pass.Again {
			quiet = 0
			continue
		}
		if pass.RequeueAfter > 0 {
			w.advance(pass.RequeueAfter)
		}
		if quiet++; quiet >= 3 && pass.RequeueAfter == 0 || w.hopeless() && n > 40 {
			break
		}
	}
	w.verify()
}

// hopeless says that what is declared cannot be had: its workers crash.
func (w *world) hopeless() bool {
	return w.manifest.Pool.Spec.Workers.Template.Image == "worker:bad"
}

// verify compares the settled engine with what is declared.
func (w *world) verify() {
	if w.manifest.Deleted {
		w.verifyDrained()
		return
	}
	p := w.manifest.Pool
	live := 0
	for _, c := range w.ours(runtime.RoleWorker) {
		_, taken := w.claimed[c.ID]
		if !taken && c.State == runtime.StateRunning {
			live++
		}
	}
	want := min(p.Spec.Workers.Warm, max(0, *p.Spec.Workers.Max-len(w.claimed)))
	status := w.reconciler.Status("dev")
	if !w.hopeless() && live != want && !w.blocked() {
		w.fatal("settled with %d live workers of %d wanted; status %+v", live, want, status)
	}
	if w.hopeless() && live > want {
		w.fatal("settled with %d live workers of %d wanted", live, want)
	}
	if len(w.claimed) > 0 || w.hopeless() {
		return
	}
	if services := len(reconcile.Desire(p).Services); len(w.ours(runtime.RoleParent))+len(w.ours(runtime.RoleService)) != services {
		w.fatal("settled with %d services of %d", len(w.ours(runtime.RoleParent))+len(w.ours(runtime.RoleService)), services)
	}
	w.engine.ResetCalls()
	if pass := w.pass(); pass.Again {
		w.fatal("a settled world has a plan: %s", strings.Join(w.engine.Calls(), ", "))
	}
}

// blocked says that a claimed worker keeps the pool from a change of its
// network, or a foreign container from a name.
func (w *world) blocked() bool {
	degraded := reconcile.Condition(w.reconciler.Status("dev"), spec.ConditionDegraded)
	return degraded.Reason == spec.ReasonNameConflict
}

func (w *world) verifyDrained() {
	left := 0
	for _, c := range w.ours(runtime.RoleWorker) {
		if _, taken := w.claimed[c.ID]; !taken {
			left++
		}
	}
	if left > 0 || len(w.claimed) == 0 && !w.forgotten {
		w.fatal("deleted, and %d workers are left; forgotten: %v", left, w.forgotten)
	}
}

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("seed %d: %s\nhistory:\n  %s", w.seed, fmt.Sprintf(format, args...), strings.Join(w.history, "\n  "))
}
