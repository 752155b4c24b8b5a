package claim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"pgregory.net/rapid"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// simulation is a controller with claims on an engine in memory, in a bubble of time,
// and what it owes to whom.
type simulation struct {
	t      *rapid.T
	engine *fake.Runtime
	binder *binder
	dir    string // of the records and a project

	project   string
	clock     atomic.Int64 // what the host's clock is ahead
	unsavable atomic.Bool  // work cannot be rescued
	dead      atomic.Bool  // the controller was killed, and none has been started since
	away      atomic.Bool  // the manifest
	broken    bool         // the store takes nothing
	damaged   bool         // it did not, at some time
	down      bool         // the engine

	claims     *claim.Claims
	controller *reconcile.Controller
	stop       func()

	linking sync.Mutex

	promises

	manifest   sync.Mutex
	pool       *spec.Pool
	generation int64
	forgotten  bool
}

// simulate starts a pool of two workers, of at most three.
func simulate(t *rapid.T) *simulation {
	s := &simulation{t: t, binder: &binder{}, promises: newPromises()}
	s.engine = fake.New(time.Now) // a clock of its own, that nobody sets
	s.engine.AddImage("worker:1")
	s.engine.AddForeign("somebody-else")
	s.foreign = s.engine.Snapshot().Foreign
	s.engine.OnExec(func(runtime.Container, []string) runtime.ExecResult {
		return runtime.ExecResult{Output: "1001\n1001\n"}
	})
	s.engine.OnSession(swallow)
	s.engine.Fail(s.before)
	s.engine.LoseReply(s.after)
	s.makeDirectories()
	s.declare(newPool("dev", sized(2, 3), whenEmpty(spec.OnEmptyQueue)))
	s.start()
	t.Cleanup(s.end)
	return s
}

func (s *simulation) makeDirectories() {
	dir, err := os.MkdirTemp("", "simulation")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if s.dir, err = filepath.EvalSymlinks(dir); err != nil {
		s.t.Fatal(err)
	}
	s.project = filepath.Join(s.dir, "project")
	for _, dir := range []string{s.records(), s.project} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
}

// now is what the clock of the host shows.
func (s *simulation) now() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) }

// start starts the controller on what there is. Its store can be read: one that cannot
// read it goes on with what the engine knows, and what the disk has then says other
// things once it is back.
func (s *simulation) start() {
	s.breakStore(false)
	claimable, slots := &reconcile.Claimable{}, mortal{s.binder, &s.dead}
	var reconciler *reconcile.Reconciler
	s.claims = claim.New(claim.Options{
		Runtime: s.engine, Sessions: s.engine, Claimable: claimable, Binder: slots,
		Pool:    func(string) (*spec.Pool, bool) { m, _ := s.Manifest("dev"); return m.Pool, !s.away.Load() },
		Enqueue: func(pool string) { reconciler.Enqueue(pool) },
		Rules:   func(bind.Caller) bind.Rules { return bind.Rules{Roots: []string{s.dir}} },
		Admin:   func(bind.Caller) bool { return true },
		Store:   claim.Store{Dir: s.storeLink()}, Event: func(string, string, string, string, string) {}, Rescue: s.save,
		Now: s.now, Log: logr.Discard(),
	})
	reconciler = reconcile.New(reconcile.Options{
		Runtime: s.engine, Manifests: s, Prober: noProbes{}, Rollouts: &reconcile.MemoryRollouts{},
		Claimable: claimable, Claims: s.claims, Slots: claim.Slots{Binder: slots},
		Events: &reconcile.Events{}, Parallel: 4, Now: s.now, Log: logr.Discard(),
	})
	s.controller = reconcile.NewController(reconciler, 30*time.Second, nil)
	ctx, cancel := context.WithCancel(context.Background())
	_ = s.claims.Recover(ctx) // what it could not read it says
	var group sync.WaitGroup
	for _, run := range []func(context.Context) error{s.controller.Run, s.claims.Run} {
		group.Go(func() { _ = run(ctx) })
	}
	s.stop = func() {
		cancel()
		s.hangUp()
		group.Wait()
		reconciler.WaitStops()
	}
}

// die kills the controller where it is: from now on nothing that it does has an effect.
func (s *simulation) die() {
	if s.dead.CompareAndSwap(false, true) {
		s.linkStore(false)
	}
}

// rise starts another controller where one died.
func (s *simulation) rise() {
	if !s.dead.Load() {
		return
	}
	s.stop()
	s.say("the next controller")
	records, err := claim.Store{Dir: s.records()}.Load()
	if err != nil {
		s.violated("a crash left records that cannot be read: %v", err)
	}
	s.dead.Store(false)
	s.onRecord(records)
	s.start()
}

func (s *simulation) end() {
	s.die()
	s.stop()
}

func (s *simulation) save(_ context.Context, r claim.Record) (string, error) {
	time.Sleep(time.Millisecond)
	if s.dead.Load() || s.unsavable.Load() {
		return "", errors.New("it cannot be saved")
	}
	s.saved(r.Worker)
	return "", nil
}

// takeEngine has the engine go, or come back.
func (s *simulation) takeEngine(away bool) {
	s.down = away
	s.engine.Down(away)
}

func (s *simulation) setClock(by time.Duration) {
	s.timesUp()
	s.clock.Add(int64(by))
}

func (s *simulation) declare(p *spec.Pool) {
	p.Spec.Workers.Update.OnFailure = spec.OnFailureContinue // what is killed here is no fault of the edition's
	p.Spec.Workers.Restart.MaxBackoff = spec.Duration(10 * time.Second)
	s.manifest.Lock()
	s.pool, s.forgotten, s.generation = p, false, s.generation+1
	s.manifest.Unlock()
	s.away.Store(false)
	s.allow(*p.Spec.Workers.Max)
	s.look()
}

func (s *simulation) undeclare(away bool) {
	if !away {
		s.declare(s.pool)
		return
	}
	s.away.Store(true)
	s.look()
}

func (s *simulation) look() {
	if s.controller != nil {
		s.controller.Enqueue("dev")
	}
}

// Manifest, Names, Synced and Forget implement reconcile.Manifests.
func (s *simulation) Manifest(pool string) (reconcile.Manifest, bool) {
	s.manifest.Lock()
	defer s.manifest.Unlock()
	return reconcile.Manifest{Pool: s.pool, Generation: s.generation, Deleted: s.away.Load()}, pool == "dev" && !s.forgotten
}

func (s *simulation) Names() []string { return []string{"dev"} }

func (s *simulation) Synced() bool { return true }

func (s *simulation) Forget(string) {
	s.manifest.Lock()
	defer s.manifest.Unlock()
	s.forgotten = s.away.Load()
}

// workers are all workers that there are, whatever their state.
func (s *simulation) workers() []runtime.Container {
	var workers []runtime.Container
	for _, c := range s.engine.Snapshot().Containers {
		if c.Owner.Role == runtime.RoleWorker {
			workers = append(workers, c)
		}
	}
	return workers
}
