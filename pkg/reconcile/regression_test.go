package reconcile_test

import (
	"context"
	"fmt"
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

func execReadiness(command string) func(*spec.Pool) {
	return func(p *spec.Pool) {
		p.Spec.Workers.Template.Readiness = &spec.Probe{Exec: []string{command}}
	}
}

var _ = Describe("Diff, where it once was wrong", func() {
	tenOld := func(state reconcile.Health) *reconcile.State {
		edits := []func(*spec.Pool){noParent, setWarm(10), execReadiness("true")}
		s := steady(edits...)
		declare(s, append(edits, workerImage("worker:2"))...)
		for i := range 10 {
			s.Observed.Health[fmt.Sprintf("hal-dev-%d", i)] = state
		}
		return s
	}
	stops := func(s *reconcile.State) int { return strings.Count(reconcile.Diff(*s).String(), "stop ") }

	It("takes no old worker that has not been asked yet whether it is ready, as after a restart of the controller", func() {
		Expect(stops(tenOld(reconcile.Health{State: reconcile.HealthStarting, Since: noon}))).To(BeZero())
	})
	It("takes old workers at once that have been asked and are not ready", func() {
		Expect(stops(tenOld(reconcile.Health{State: reconcile.HealthStarting, Since: noon, Tried: true}))).To(Equal(10))
	})
	It("takes no old worker while the new image is missing, since nothing could replace it", func() {
		edits := []func(*spec.Pool){noParent, setWarm(10)}
		s := steady(edits...)
		declare(s, append(edits, workerImage("typo:1"))...)
		p := reconcile.Diff(*s)
		Expect(p.String()).To(BeEmpty())
		Expect(p.Waiting[0].Reason).To(Equal(spec.ReasonImageMissing))
	})
	It("keeps a service that runs although its image is gone, and the workers that need it", func() {
		s := steady()
		delete(s.Observed.Images, "parent:1")
		remove(s, "hal-dev-0")
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-0: 1 of 2 warm workers")))
	})
	It("keeps a service that runs while the image it is to be upgraded to is missing", func() {
		s := steady()
		declare(s, func(p *spec.Pool) { p.Spec.Parent.Image = "parent:typo" })
		Expect(reconcile.Diff(*s).String()).To(BeEmpty())
	})
	It("asks for no look in between while a crash loop tries one worker", func() {
		s := steady(noParent, setWarm(2), quickUpdate, execReadiness("true"))
		remove(s, "hal-dev-0")
		s.Observed.Health["hal-dev-1"] = reconcile.Health{State: reconcile.HealthStarting, Since: noon, Tried: true}
		fail(s, 3, noon.Add(-4*time.Second))
		Expect(reconcile.Diff(*s).RequeueAfter).To(BeZero())
	})
	It("leaves what has joined a paused sandbox that claims keep from being replaced: its network is there", func() {
		s := steady()
		on(s, "hal-dev-0", func(c *runtime.Container) { c.Name = "hal-dev-0.fix" })
		on(s, "hal-dev-sandbox", func(c *runtime.Container) { c.State = runtime.StatePaused })
		p := reconcile.Diff(*s)
		Expect(p.String()).To(Equal(plan("create hal-dev-2: 1 of 2 warm workers")))
		Expect(p.Waiting).To(ContainElement(HaveField("Reason", spec.ReasonBlockedByClaims)))
	})
	It("takes no worker down because the clock was set back after its sandbox had started", func() {
		s := steady()
		s.Now = s.Now.Add(-24 * time.Hour)
		on(s, "hal-dev-0", restartedAt(s.Now.Add(-time.Minute)))
		Expect(reconcile.Diff(*s).String()).To(BeEmpty())
	})
	It("goes on beside a container whose name it cannot give back", func() {
		s := steady()
		on(s, "hal-dev-0", func(c *runtime.Container) { c.Name = "mine" })
		on(s, "hal-dev-parent", exit(1, noon))
		Expect(reconcile.Diff(*s).String()).To(Equal(plan(
			"rename mine to hal-dev-0: renamed by hand", "start hal-dev-parent: exited with code 1")))
	})
	It("takes a worker that it has stopped itself for ended, whatever its exit code", func() {
		s := steady()
		on(s, "hal-dev-1", exit(1, noon))
		s.Observed.Asked = map[string]bool{"hal-dev-1": true}
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-2: 1 of 2 warm workers", "remove hal-dev-1: stopped")))
	})
	It("asks for no more CPU than the engine has, and takes that for no drift", func() {
		s := steady(noParent)
		s.Observed.Host.CPUs = 1000
		for _, name := range []string{"hal-dev-0", "hal-dev-1"} {
			on(s, name, func(c *runtime.Container) { c.Inspection.Spec.Limits.CPU = 1000 })
		}
		remove(s, "hal-dev-0")
		p := reconcile.Diff(*s)
		Expect(p.String()).To(Equal(plan("create hal-dev-0: 1 of 2 warm workers")))
		Expect(p.Actions[0].(reconcile.Create).Spec.Limits.CPU).To(Equal(int64(1000)))
	})
	DescribeTable("takes for the same what an engine takes for the same",
		func(edit func(*spec.Pool)) {
			Expect(reconcile.Desire(newPool(edit)).Worker.Revision).To(Equal(reconcile.Desire(newPool()).Worker.Revision))
		},
		Entry("no labels and none", func(p *spec.Pool) { p.Spec.Workers.Template.Labels = map[string]string{} }),
		Entry("no command and none", func(p *spec.Pool) { p.Spec.Workers.Template.Command = []string{} }),
		Entry("a capability given twice", func(p *spec.Pool) { p.Spec.Workers.Template.Security.CapDrop = []string{"ALL", "ALL"} }),
	)
	It("brings a changed probe in by a rollout, like any other change of the template", func() {
		Expect(reconcile.Desire(newPool(execReadiness("a"))).Worker.Revision).
			NotTo(Equal(reconcile.Desire(newPool(execReadiness("b"))).Worker.Revision))
	})
	It("does not change the hashes of format v1, which would replace every pool at an upgrade", func() {
		Expect(reconcile.Desire(newPool()).Services[0].Spec.Owner.SpecHash).To(Equal("v1:452ea127570b0ea4627e6cbb9b69aa52"))
		Expect(reconcile.Desire(newPool()).Worker.Worker(0).Owner.SpecHash).To(Equal("v1:fbb1dea6bdadae6b332e8722361752d5"))
	})
})

// kept is a prober that only remembers what it was told to watch.
type kept struct {
	noProbes
	mu      sync.Mutex
	targets []reconcile.Target
}

func (k *kept) Watch(_ string, targets []reconcile.Target) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.targets = targets
}

var _ = Describe("The reconciler, where it once was wrong", func() {
	var (
		engine    *fake.Runtime
		manifests *declared
		options   reconcile.Options
		r         *reconcile.Reconciler
	)
	BeforeEach(func() {
		engine = fake.New(time.Now)
		for _, image := range []string{"parent:1", "worker:1", "worker:2"} {
			engine.AddImage(image)
		}
		manifests = &declared{manifests: map[string]reconcile.Manifest{}, changed: make(chan struct{}, 1)}
		options = reconcile.Options{
			Runtime: engine, Manifests: manifests, Prober: noProbes{}, Rollouts: &reconcile.MemoryRollouts{},
			Claimable: &reconcile.Claimable{}, Events: &reconcile.Events{}, Parallel: 4, Now: time.Now, Log: logr.Discard(),
		}
	})
	begin := func() {
		r = reconcile.New(options)
		r.Enqueue = func(string) {}
	}
	passes := func(n int) {
		GinkgoHelper()
		for range n {
			_, err := r.Reconcile(context.Background(), "dev")
			Expect(err).NotTo(HaveOccurred())
			r.WaitStops()
		}
	}
	pause := func(x reconcile.Rollout) (reconcile.Rollout, error) { return x.Pause(), nil }

	It("backs off from a service that it had once stopped itself", func() {
		begin()
		manifests.set(newPool(noProbe))
		passes(10)
		engine.Pause("hal-dev-parent")
		r.InvalidateAll()
		passes(3) // stopped, and started again
		engine.StartExits(func(c runtime.ContainerSpec) (int, bool) { return 3, c.Owner.Role == runtime.RoleParent })
		engine.Kill("hal-dev-parent", 3)
		engine.ResetCalls()
		r.InvalidateAll()
		passes(50)
		Expect(engine.Count("start")).To(BeNumerically("<=", 2))
	})
	It("waits for what follows a stop along with the stop", func() {
		begin()
		manifests.set(newPool(noProbe))
		passes(10)
		looked, waited := make(chan struct{}), make(chan struct{})
		r.Enqueue = func(string) { <-looked }
		manifests.set(newPool(noProbe, setWarm(0)))
		_, err := r.Reconcile(context.Background(), "dev")
		Expect(err).NotTo(HaveOccurred())
		go func() {
			r.WaitStops()
			close(waited)
		}()
		Consistently(waited, 50*time.Millisecond).ShouldNot(BeClosed())
		close(looked)
		Eventually(waited).Should(BeClosed())
	})
	It("keeps the good revision when a person speaks before the first pass", func() {
		Expect(options.Rollouts.Save("dev", reconcile.Rollout{Target: "b", GoodRevision: "a", Good: &spec.WorkerTemplate{Image: "worker:1"}})).To(Succeed())
		begin()
		Expect(r.ChangeRollout("dev", pause)).To(Succeed())
		Expect(options.Rollouts.Load("dev")).To(And(HaveField("GoodRevision", "a"), HaveField("Held", true)))
	})
	It("does not lose what a person says during a pass", func() {
		store := &busyRollouts{}
		options.Rollouts = store
		begin()
		manifests.set(newPool(noProbe))
		done := sync.WaitGroup{}
		store.during = sync.OnceFunc(func() {
			done.Go(func() { _ = r.ChangeRollout("dev", pause) })
			time.Sleep(10 * time.Millisecond) // it is on its way by now, or comes later: both must do
		})
		passes(2)
		done.Wait()
		passes(1)
		Expect(store.Load("dev")).To(HaveField("Held", true))
	})
	It("says so when the engine does not tell what it has, time after time", func() {
		begin()
		manifests.set(newPool(noProbe))
		passes(10)
		Expect(reconcile.Condition(r.Status("dev"), spec.ConditionReady).Status).To(Equal("True"))
		engine.Fail(func(c fake.Call) error {
			if c.Method == "list" {
				return context.DeadlineExceeded
			}
			return nil
		})
		for range 3 {
			_, err := r.Reconcile(context.Background(), "dev")
			Expect(err).To(HaveOccurred())
		}
		Expect(reconcile.Condition(r.Status("dev"), spec.ConditionReady).Reason).To(Equal(spec.ReasonEngineUnavailable))
	})
	It("does not lose an event that comes while a container is inspected for the first time", func() {
		begin()
		manifests.set(newPool(noProbe, noParent, setWarm(1)))
		edit := sync.OnceFunc(func() {
			engine.Edit("hal-dev-0", func(_ *runtime.Container, i *runtime.Inspection) { i.Spec.Limits.Pids = 7 })
			c, _ := engine.Container("hal-dev-0")
			r.Invalidate(runtime.Event{Kind: runtime.EventContainer, Pool: "dev", ID: c.ID, Action: "update"})
		})
		engine.LoseReply(func(c fake.Call) error {
			if c.Method == "inspect" && c.Name == "hal-dev-0" {
				edit()
			}
			return nil
		})
		passes(10)
		Expect(engine.Count("update")).To(Equal(1))
	})
	It("does not lose an image that arrives while it is asked for", func() {
		begin()
		manifests.set(newPool(noProbe, noParent, setWarm(1), workerImage("late:1")))
		arrive := sync.OnceFunc(func() {
			engine.AddImage("late:1")
			r.Invalidate(runtime.Event{Kind: runtime.EventImage, ID: "late:1", Action: "tag"})
		})
		engine.Fail(func(c fake.Call) error {
			if c.Method == "image" && c.Name == "late:1" {
				defer arrive()
				return runtime.ErrImageMissing
			}
			return nil
		})
		passes(1)
		engine.Fail(nil)
		passes(9)
		_, there := engine.Container("hal-dev-0")
		Expect(there).To(BeTrue())
	})
	It("asks workers of the last good revision by the probes that they were good with, and claimed ones not at all", func() {
		prober := &kept{}
		options.Prober = prober
		begin()
		good := newPool(noParent, quickUpdate, execReadiness("old"))
		manifests.set(good)
		passes(10)
		Expect(prober.targets).To(HaveLen(2))
		manifests.set(newPool(noParent, quickUpdate, execReadiness("new"), workerImage("worker:2")))
		c, _ := engine.Container("hal-dev-1")
		Expect(engine.Rename(context.Background(), c.ID, "hal-dev-1.amy")).To(Succeed())
		r.InvalidateAll()
		passes(1)
		Expect(prober.targets).To(HaveLen(1))
		Expect(prober.targets[0].Readiness.Exec).To(Equal([]string{"old"}))
	})
})

// busyRollouts has something happen during its first save.
type busyRollouts struct {
	reconcile.MemoryRollouts
	during func()
}

func (b *busyRollouts) Save(pool string, r reconcile.Rollout) error {
	b.during()
	return b.MemoryRollouts.Save(pool, r)
}
