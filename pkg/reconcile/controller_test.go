package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// declared is a set of manifests that a test edits while a controller runs.
type declared struct {
	mu        sync.Mutex
	manifests map[string]reconcile.Manifest
	forgotten []string
	changed   chan struct{}
}

func (d *declared) set(p *spec.Pool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.manifests[p.Metadata.Name]
	m.Pool, m.Deleted = p, false
	m.Generation++
	d.manifests[p.Metadata.Name] = m
	d.signal()
}

func (d *declared) delete(pool string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.manifests[pool]
	m.Deleted = true
	d.manifests[pool] = m
	d.signal()
}

func (d *declared) signal() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *declared) Manifest(pool string) (reconcile.Manifest, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, known := d.manifests[pool]
	return m, known
}

func (d *declared) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.manifests {
		names = append(names, name)
	}
	return names
}

func (d *declared) Synced() bool { return true }

func (d *declared) Forget(pool string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.manifests, pool)
	d.forgotten = append(d.forgotten, pool)
}

var _ = Describe("The controller", func() {
	var (
		engine     *fake.Runtime
		manifests  *declared
		claimable  *reconcile.Claimable
		events     *reconcile.Events
		reconciler *reconcile.Reconciler
		rollouts   *reconcile.MemoryRollouts
		stop       func()
	)
	start := func() {
		claimable, events = &reconcile.Claimable{}, &reconcile.Events{}
		reconciler = reconcile.New(reconcile.Options{
			Runtime: engine, Manifests: manifests, Prober: noProbes{}, Rollouts: rollouts,
			Claimable: claimable, Events: events, Parallel: 4, Now: time.Now, Log: logr.Discard(),
		})
		controller := reconcile.NewController(reconciler, time.Hour, manifests.changed)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- controller.Run(ctx) }()
		stop = sync.OnceFunc(func() {
			cancel()
			Eventually(done).Should(Receive(BeNil()))
			reconciler.WaitStops()
		})
	}
	BeforeEach(func() {
		engine = fake.New(time.Now)
		for _, image := range []string{"parent:1", "worker:1", "worker:2"} {
			engine.AddImage(image)
		}
		manifests = &declared{manifests: map[string]reconcile.Manifest{}, changed: make(chan struct{}, 1)}
		rollouts = &reconcile.MemoryRollouts{}
		start()
		DeferCleanup(func() { stop() })
	})
	condition := func(kind string) func() string {
		return func() string {
			c := reconcile.Condition(reconciler.Status("dev"), kind)
			return c.Status + " " + c.Reason
		}
	}
	settled := func() {
		GinkgoHelper()
		Eventually(func() bool { return reconcile.Settled(reconciler.Status("dev")) }).Should(BeTrue())
	}
	running := func() []string {
		var names []string
		for _, c := range engine.Snapshot().Containers {
			if c.State == runtime.StateRunning && c.Owner.Role == runtime.RoleWorker {
				names = append(names, c.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	// quiet returns once a pass has nothing to do and nothing is on its way.
	quiet := func() {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			engine.ResetCalls()
			g.Consistently(engine.Calls, "30ms").Should(BeEmpty())
		}).Should(Succeed())
	}

	It("makes a pool from nothing", func() {
		manifests.set(newPool(noProbe))
		settled()
		Expect(running()).To(Equal([]string{"hal-dev-0", "hal-dev-1"}))
		Expect(condition(spec.ConditionReady)()).To(Equal("True MinimumWarm"))
	})

	It("does not call a pool of no workers settled before its network and services are there", func() {
		manifests.set(newPool(noProbe, setWarm(0)))
		settled()
		snapshot := engine.Snapshot()
		Expect(snapshot.Networks).To(HaveLen(1))
		Expect(snapshot.Containers).To(HaveLen(2))
	})

	It("makes one list call and no change in a pass over a settled pool", func() {
		manifests.set(newPool(noProbe))
		settled()
		quiet()
		_, err := reconciler.Reconcile(context.Background(), "dev")
		Expect(err).NotTo(HaveOccurred())
		Expect(engine.Calls()).To(Equal([]string{"list dev", "host"}))
	})

	It("asks the engine no more of two hundred settled workers, at a pass and at a resync, than of ten", func() {
		calls := func(warm int) int {
			manifests.set(newPool(noProbe, setWarm(warm)))
			settled()
			Eventually(running).Should(HaveLen(warm))
			settled()
			quiet()
			for range 3 {
				reconciler.Audit("dev")
				for range 2 {
					_, err := reconciler.Reconcile(context.Background(), "dev")
					Expect(err).NotTo(HaveOccurred())
				}
			}
			return len(engine.Calls())
		}
		Expect(calls(200)).To(Equal(calls(10)))
	})

	It("changes nothing when it is started again on a settled pool", func() {
		manifests.set(newPool(noProbe))
		settled()
		quiet()
		stop()
		engine.ResetCalls()
		start()
		settled()
		quiet()
		Expect(engine.Changes()).To(BeEmpty())
	})

	It("heals at an event, without waiting for a resync", func() {
		manifests.set(newPool(noProbe))
		settled()
		engine.Kill("hal-dev-0", 137)
		Eventually(running).Should(Equal([]string{"hal-dev-1", "hal-dev-2"}))
		settled()
		Eventually(func() int { return len(engine.Snapshot().Containers) }).Should(Equal(4))
	})

	It("heals what happened while no events came", func() {
		manifests.set(newPool(noProbe))
		settled()
		engine.EndEvents(errors.New("unexpected EOF"))
		engine.Delete("hal-dev-0")
		Eventually(running).Should(Equal([]string{"hal-dev-0", "hal-dev-1"}))
	})

	It("goes on healing while a worker takes its time to stop", func() {
		manifests.set(newPool(noProbe, setWarm(3)))
		settled()
		release := make(chan struct{})
		engine.Fail(func(c fake.Call) error {
			if c.Method == "stop" && c.Name == "hal-dev-0" {
				<-release
			}
			return nil
		})
		engine.Pause("hal-dev-0")
		Eventually(running).Should(Equal([]string{"hal-dev-1", "hal-dev-2", "hal-dev-3"}))
		engine.Kill("hal-dev-1", 137)
		Eventually(running).Should(HaveLen(3))
		close(release)
		settled()
	})

	It("says that the engine is gone, decides nothing meanwhile, and is right when it is back", func() {
		manifests.set(newPool(noProbe))
		settled()
		engine.Down(true)
		Eventually(condition(spec.ConditionReady)).Should(Equal("Unknown EngineUnavailable"))
		engine.Down(false)
		engine.Delete("hal-dev-1")
		Eventually(condition(spec.ConditionReady)).Should(Equal("True MinimumWarm"))
		Eventually(running).Should(HaveLen(2))
	})

	It("takes what ended with the engine for no failure: it is brought back at once, time after time", func() {
		manifests.set(newPool(noProbe))
		settled()
		for range 4 {
			for _, name := range append(running(), "hal-dev-parent", "hal-dev-sandbox") {
				engine.Kill(name, 137)
			}
			engine.Down(true)
			Eventually(condition(spec.ConditionReady)).Should(Equal("Unknown EngineUnavailable"))
			engine.Down(false)
			Eventually(condition(spec.ConditionReady)).Should(Equal("True MinimumWarm"))
			settled()
		}
		Expect(events.List("dev")).NotTo(ContainElement(HaveField("Reason", spec.ReasonCrashLoop)))
	})

	It("leaves a foreign container that holds a name, says so, and does not storm", func() {
		engine.AddForeign("hal-dev-0")
		manifests.set(newPool(noProbe))
		Eventually(condition(spec.ConditionDegraded)).Should(Equal("True NameConflict"))
		Eventually(running).Should(Equal([]string{"hal-dev-1"}))
		quiet()
		Expect(reconcile.Condition(reconciler.Status("dev"), spec.ConditionDegraded).Message).To(ContainSubstring("remove or rename it"))
		Expect(engine.Snapshot().Foreign).To(HaveLen(1))
	})

	It("holds for a missing image, and goes on when it is there", func() {
		manifests.set(newPool(noProbe, workerImage("late:1")))
		Eventually(condition(spec.ConditionDegraded)).Should(Equal("True ImageMissing"))
		quiet()
		engine.AddImage("late:1")
		settled()
	})

	It("keeps what crashes for a look, and quotes its last line", func() {
		engine.StartExits(func(c runtime.ContainerSpec) (int, bool) { return 3, c.Owner.Role == runtime.RoleWorker })
		manifests.set(newPool(noProbe, setWarm(1)))
		Eventually(condition(spec.ConditionDegraded)).Should(Equal("True CrashLoop"))
		Expect(reconcile.Condition(reconciler.Status("dev"), spec.ConditionDegraded).Message).To(ContainSubstring("exited with code 3"))
		Eventually(func() int { return reconciler.Status("dev").Failed }).Should(BeNumerically(">=", 2))
	})

	It("counts a command that cannot be started as a failure", func() {
		engine.Fail(func(c fake.Call) error {
			if c.Method == "start" && strings.HasPrefix(c.Name, "hal-dev-0") {
				return fmt.Errorf("%w: exec: \"nope\": executable file not found", runtime.ErrInvalid)
			}
			return nil
		})
		manifests.set(newPool(noProbe, noParent, setWarm(1)))
		Eventually(running).Should(Equal([]string{"hal-dev-1"}))
		settled()
		Expect(reconciler.Status("dev").Failed).To(Equal(1))
	})

	It("makes anew what the engine will never start: services, the sandbox and workers", func() {
		var mu sync.Mutex
		first := map[string]string{} // of each name, the container that is stuck
		engine.Fail(func(c fake.Call) error {
			if c.Method != "start" {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if _, known := first[c.Name]; !known {
				first[c.Name] = c.ID
			}
			if first[c.Name] == c.ID {
				return fmt.Errorf("%w: task already exists", runtime.ErrStuck)
			}
			return nil
		})
		manifests.set(newPool(noProbe, setWarm(1)))
		Eventually(condition(spec.ConditionReady)).Should(Equal("True MinimumWarm"))
		Expect(engine.Changes()).To(ContainElements("remove hal-dev-sandbox", "remove hal-dev-parent"))
	})

	It("makes a bounded number of workers in one pass", func() {
		var mu sync.Mutex
		most, creations := 0, 0
		engine.Fail(func(c fake.Call) error {
			mu.Lock()
			defer mu.Unlock()
			switch c.Method {
			case "create":
				creations++
				most = max(most, creations)
			case "list":
				creations = 0
			}
			return nil
		})
		manifests.set(newPool(noProbe, noParent, setWarm(40)))
		settled()
		Expect(running()).To(HaveLen(40))
		mu.Lock()
		defer mu.Unlock()
		Expect(most).To(Equal(8*4), "of those that four calls at a time make eight of")
	})

	It("keeps a pool in order beside a container that the engine does not tell of", func() {
		engine.Fail(func(c fake.Call) error {
			if c.Method == "inspect" && strings.HasPrefix(c.Name, "hal-dev-0") {
				return errors.New("deadline exceeded")
			}
			return nil
		})
		manifests.set(newPool(noProbe, noParent, setWarm(2)))
		Eventually(running).Should(Equal([]string{"hal-dev-0", "hal-dev-1"}))
		Eventually(func() int { return reconciler.Status("dev").Ready }).Should(Equal(1))
		engine.Kill("hal-dev-1", 1)
		Eventually(running).Should(HaveExactElements("hal-dev-0", Not(Equal("hal-dev-1"))))
		worker, ok := claimable.Take("dev")
		Expect(ok).To(BeTrue())
		Expect(worker.Ordinal).NotTo(BeZero(), "what is not known is not offered")
	})

	It("tells when a pass that began after the question has ended", func() {
		manifests.set(newPool(noProbe, noParent))
		settled()
		Expect(reconciler.ChangeRollout("dev", func(r reconcile.Rollout) (reconcile.Rollout, error) { return r.Pause(), nil })).To(Succeed())
		Expect(reconciler.Passed(context.Background(), "dev")).To(Succeed())
		Expect(condition(spec.ConditionProgressing)()).To(Equal("False RolloutPaused"))
	})

	It("calls nothing failed or degraded that ends because its pool is deleted", func() {
		manifests.set(newPool(noProbe))
		settled()
		before := len(events.List("dev"))
		manifests.delete("dev")
		Eventually(manifests.Names).Should(BeEmpty())
		Expect(events.List("dev")[before:]).NotTo(ContainElement(HaveField("Reason", spec.ReasonSharedServiceUnhealthy)))
	})

	It("takes a deleted pool down and forgets it", func() {
		manifests.set(newPool(noProbe))
		settled()
		manifests.delete("dev")
		Eventually(func() []runtime.Container { return engine.Snapshot().Containers }).Should(BeEmpty())
		Eventually(func() []runtime.Network { return engine.Snapshot().Networks }).Should(BeEmpty())
		Eventually(manifests.Names).Should(BeEmpty())
		Expect(engine.Snapshot().Volumes).To(HaveLen(1), "the volume is retained")
	})

	It("takes down a pool that is on the engine and in no manifest", func() {
		manifests.set(newPool(noProbe))
		settled()
		stop()
		manifests = &declared{manifests: map[string]reconcile.Manifest{}, changed: make(chan struct{}, 1)}
		start()
		Eventually(func() []runtime.Container { return engine.Snapshot().Containers }).Should(BeEmpty())
	})

	It("does not retire a worker that a claim has taken off the offer", func() {
		manifests.set(newPool(noProbe, setWarm(1), noParent))
		settled()
		quiet()
		worker, ok := claimable.Take("dev")
		Expect(ok).To(BeTrue())
		manifests.set(newPool(noProbe, setWarm(0), noParent))
		Eventually(func() int64 { return reconciler.Status("dev").ObservedGeneration }).Should(Equal(int64(2)))
		quiet()
		Expect(running()).To(Equal([]string{"hal-dev-0"}))
		claimable.Drop("dev", worker.ID)
		reconciler.Enqueue("dev")
		Eventually(running).Should(BeEmpty())
	})

	It("does not remove a worker that ended as it was claimed", func() {
		manifests.set(newPool(noProbe, setWarm(1), noParent))
		settled()
		quiet()
		worker, ok := claimable.Take("dev")
		Expect(ok).To(BeTrue())
		engine.Kill("hal-dev-0", 0)
		Eventually(running).Should(Equal([]string{"hal-dev-1"}))
		quiet()
		Expect(engine.Changes()).NotTo(ContainElement("remove hal-dev-0"))
		claimable.Drop("dev", worker.ID)
		reconciler.Enqueue("dev")
		Eventually(engine.Changes).Should(ContainElement("remove hal-dev-0"))
	})

	It("goes on with other pools when one panics", func() {
		engine.Fail(func(c fake.Call) error {
			if c.Method == "list" && c.Name == "bad" {
				panic("boom")
			}
			return nil
		})
		bad := newPool(noProbe)
		bad.Metadata.Name = "bad"
		manifests.set(bad)
		manifests.set(newPool(noProbe))
		settled()
	})

	It("rolls back a template whose workers crash, and leaves the old ones in place throughout", func() {
		manifests.set(newPool(noProbe, noParent, quickUpdate))
		settled()
		engine.StartExits(func(c runtime.ContainerSpec) (int, bool) { return 1, c.Image == "worker:2" })
		Eventually(func() string { r, _ := rollouts.Load("dev"); return r.GoodRevision }).ShouldNot(BeEmpty())
		manifests.set(newPool(noProbe, noParent, quickUpdate, workerImage("worker:2"), onFailure(spec.OnFailureRollback)))
		Eventually(condition(spec.ConditionProgressing)).Should(Equal("False RolledBack"))
		Expect(running()).To(Equal([]string{"hal-dev-0", "hal-dev-1"}))
		for _, line := range engine.Changes() {
			Expect(line).NotTo(HavePrefix("stop hal-dev-"))
		}
	})
})

func noProbe(p *spec.Pool) {
	if p.Spec.Parent != nil {
		p.Spec.Parent.Readiness = nil
	}
}

// quickUpdate has rollouts of tests not wait for workers to come of age.
func quickUpdate(p *spec.Pool) {
	none := spec.Duration(0)
	p.Spec.Workers.Update.MinReady = &none
}
