package claim_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// Persons. Me is who runs the specs: the one whose directories can be opened.
var (
	me    = bind.Caller{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	root  = bind.Caller{}
	alice = bind.Caller{UID: 4001, GID: 4001}
	bob   = bind.Caller{UID: 4002, GID: 4002}
	admin = bind.Caller{UID: 4003, GID: 4003}
)

// soon is how long a thing may take that takes no time.
const soon = 10 * time.Second

type noProbes struct{}

func (noProbes) Watch(string, []reconcile.Target)          {}
func (noProbes) Health(string) map[string]reconcile.Health { return nil }

// world is an engine, a controller on it, and claims.
type world struct {
	engine *fake.Runtime
	binder *binder
	dir    string // of the store, the users and the audit log
	ahead  atomic.Int64
	broken bool // the store

	claims    *claim.Claims
	claimable *reconcile.Claimable
	stop      func()

	mu     sync.Mutex
	pools  map[string]*spec.Pool
	events []string
	rescue func(claim.Record) (string, error)
}

// newWorld runs a controller on a pool "dev" of two warm workers, until the spec ends.
func newWorld(edits ...func(*spec.Pool)) *world {
	GinkgoHelper()
	w := &world{engine: fake.New(time.Now), binder: &binder{}, dir: GinkgoT().TempDir(), pools: map[string]*spec.Pool{}}
	w.engine.AddImage("worker:1")
	w.engine.OnExec(func(runtime.Container, []string) runtime.ExecResult {
		return runtime.ExecResult{Output: "1001\n1001\n"}
	})
	w.declare(newPool("dev", edits...))
	w.start()
	DeferCleanup(func() { w.stop() })
	return w
}

func newPool(name string, edits ...func(*spec.Pool)) *spec.Pool {
	p := &spec.Pool{
		APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: name},
		Spec: spec.PoolSpec{Workers: spec.Workers{Warm: 2, Template: spec.WorkerTemplate{Image: "worker:1"}}},
	}
	for _, edit := range edits {
		edit(p)
	}
	spec.Default(p)
	return p
}

func sized(warm, most int) func(*spec.Pool) {
	return func(p *spec.Pool) { p.Spec.Workers.Warm, p.Spec.Workers.Max = warm, &most }
}

func whenEmpty(answer spec.OnEmpty) func(*spec.Pool) {
	return func(p *spec.Pool) { p.Spec.Workers.OnEmpty = answer }
}

// personal gives each person a directory of their own in the workers.
func personal(p *spec.Pool) {
	p.Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "home", Target: "/home/claude", Scope: spec.ScopeUser}}
}

// start starts the controller, anew after a crash or a stop.
func (w *world) start() {
	GinkgoHelper()
	audit, err := claim.OpenAudit(filepath.Join(w.dir, "audit.log"))
	Expect(err).NotTo(HaveOccurred())
	w.claimable = &reconcile.Claimable{}
	var reconciler *reconcile.Reconciler
	claims := claim.New(claim.Options{
		Runtime: w.engine, Sessions: w.engine, Claimable: w.claimable, Binder: w.binder,
		Pool:    func(name string) (*spec.Pool, bool) { m, known := w.Manifest(name); return m.Pool, known },
		Enqueue: func(pool string) { reconciler.Enqueue(pool) },
		Rules:   func(bind.Caller) bind.Rules { return bind.Rules{Roots: []string{w.dir}} },
		UserDir: func(who bind.Caller, _, volume string) (string, error) {
			dir := filepath.Join(w.dir, "users", volume)
			return dir, os.MkdirAll(dir, 0o700)
		},
		Admin: func(who bind.Caller) bool { return who.UID == admin.UID },
		Store: w.store(), Audit: audit, Event: w.event, Rescue: w.save,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }, Log: GinkgoLogr,
	})
	reconciler = reconcile.New(reconcile.Options{
		Runtime: w.engine, Manifests: w, Prober: noProbes{}, Rollouts: &reconcile.MemoryRollouts{},
		Claimable: w.claimable, Claims: claims, Slots: claim.Slots{Binder: w.binder},
		Events: &reconcile.Events{}, Parallel: 8, Now: time.Now, Log: GinkgoLogr,
	})
	controller := reconcile.NewController(reconciler, time.Hour, nil)
	ctx, cancel := context.WithCancel(context.Background())
	if err := claims.Recover(ctx); !w.broken {
		Expect(err).NotTo(HaveOccurred())
	}
	w.claims = claims
	ended := make(chan error, 2)
	go func() { ended <- controller.Run(ctx) }()
	go func() { ended <- claims.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		for range 2 {
			Eventually(ended).WithTimeout(soon).Should(Receive(BeNil()))
		}
		reconciler.WaitStops()
		Expect(audit.Close()).To(Succeed())
	})
}

// crash ends the controller where it is, and starts another on what it left.
func (w *world) crash() {
	GinkgoHelper()
	w.stop()
	w.start()
}

func (w *world) store() claim.Store { return claim.Store{Dir: filepath.Join(w.dir, "claims")} }

// breakStore makes the store one that takes nothing, until it is mended.
func (w *world) breakStore() (mend func()) {
	GinkgoHelper()
	dir := w.store().Dir
	Expect(os.MkdirAll(dir, 0o700)).To(Succeed())
	Expect(os.Rename(dir, dir+".away")).To(Succeed())
	Expect(os.WriteFile(dir, nil, 0o600)).To(Succeed())
	w.broken = true
	return func() {
		w.broken = false
		Expect(os.Remove(dir)).To(Succeed())
		Expect(os.Rename(dir+".away", dir)).To(Succeed())
	}
}

func (w *world) declare(p *spec.Pool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pools[p.Metadata.Name] = p
}

// Manifest, Names, Synced and Forget implement reconcile.Manifests.
func (w *world) Manifest(pool string) (reconcile.Manifest, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, known := w.pools[pool]
	return reconcile.Manifest{Pool: p, Generation: 1}, known
}

func (w *world) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for name := range w.pools {
		names = append(names, name)
	}
	return names
}

func (w *world) Synced() bool { return true }

func (w *world) Forget(string) {}

func (w *world) event(_, _, reason, claim, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, reason+" "+claim+": "+message)
}

// told are the events with a reason.
func (w *world) told(reason string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var told []string
	for _, event := range w.events {
		if strings.HasPrefix(event, reason+" ") {
			told = append(told, event)
		}
	}
	return told
}

// onRescue sets what saves the work in workers.
func (w *world) onRescue(hook func(claim.Record) (string, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rescue = hook
}

func (w *world) save(_ context.Context, r claim.Record) (string, error) {
	w.mu.Lock()
	hook := w.rescue
	w.mu.Unlock()
	if hook == nil {
		return "", nil
	}
	return hook(r)
}

// project makes a directory that may be bound.
func (w *world) project(name string) string {
	GinkgoHelper()
	dir := filepath.Join(w.dir, name)
	Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	dir, err := filepath.EvalSymlinks(dir)
	Expect(err).NotTo(HaveOccurred())
	return dir
}

// workers are the names of the pool's running workers.
func (w *world) workers() []string {
	names := []string{}
	for _, c := range w.engine.Snapshot().Containers {
		if c.Owner.Role == runtime.RoleWorker && c.State == runtime.StateRunning {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

// has says whether the engine has a container.
func (w *world) has(id string) bool {
	return slices.ContainsFunc(w.engine.Snapshot().Containers, func(c runtime.Container) bool { return c.ID == id })
}

// claim claims, which has to work.
func (w *world) claim(who bind.Caller, r claim.Request) claim.Record {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	record, err := w.claims.Claim(ctx, who, r)
	Expect(err).NotTo(HaveOccurred())
	return record
}

// begin claims in the background.
func (w *world) begin(who bind.Caller, r claim.Request) (outcome chan outcome, cancel context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	return w.beginWith(ctx, who, r), cancel
}

func (w *world) beginWith(ctx context.Context, who bind.Caller, r claim.Request) chan outcome {
	ended := make(chan outcome, 1)
	claims := w.claims
	go func() {
		record, err := claims.Claim(ctx, who, r)
		ended <- outcome{record, err}
	}()
	return ended
}

// outcome is how a claim came out.
type outcome struct {
	Record claim.Record
	Err    error
}

// release releases a claim and waits until it is gone.
func (w *world) release(who bind.Caller, name string) {
	GinkgoHelper()
	leaving, err := w.claims.Release(who, name, claim.ReleaseOptions{})
	Expect(err).NotTo(HaveOccurred())
	Eventually(leaving.Done()).WithTimeout(soon).Should(BeClosed())
}

// nothingLeft expects that there are as many unclaimed workers as are kept warm and no
// others, no claim in force nor on disk, and none waiting.
func (w *world) nothingLeft() {
	GinkgoHelper()
	m, _ := w.Manifest("dev")
	Eventually(w.workers).WithTimeout(soon).Should(And(HaveLen(m.Pool.Spec.Workers.Warm), Not(ContainElement(ContainSubstring(".")))))
	Eventually(w.claims.List).WithTimeout(soon).Should(BeEmpty())
	Expect(w.claims.Waiting("dev")).To(BeZero())
	Expect(w.onDisk()).To(BeEmpty())
}

// settled expects these workers, whoever has them.
func (w *world) settled(workers ...string) {
	GinkgoHelper()
	Eventually(w.workers).WithTimeout(soon).Should(Equal(workers))
}

// refusal matches a no with these words.
func refusal(words string) OmegaMatcher {
	return And(BeAssignableToTypeOf(&claim.Refusal{}), MatchError(ContainSubstring(words)))
}

// onDisk are the records that the store has.
func (w *world) onDisk() []claim.Record {
	GinkgoHelper()
	records, err := w.store().Load()
	Expect(err).NotTo(HaveOccurred())
	return records
}
