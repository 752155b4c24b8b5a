package reconcile_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

func update(change func(*spec.Update)) func(*spec.Pool) {
	return func(p *spec.Pool) { change(&p.Spec.Workers.Update) }
}

func onFailure(what spec.OnFailure) func(*spec.Pool) {
	return update(func(u *spec.Update) { u.OnFailure = what })
}

func bounds(unavailable, surge spec.IntOrPercent) func(*spec.Pool) {
	return update(func(u *spec.Update) { u.MaxUnavailable, u.MaxSurge = &unavailable, &surge })
}

// fail records failures of workers of the pool's own template, one a second.
func fail(s *reconcile.State, n int, last time.Time) {
	hash := reconcile.Desire(s.Pool).Worker.Worker(0).Owner.SpecHash
	for i := range n {
		at := last.Add(-time.Duration(n-1-i) * time.Second)
		s.Failures = append(s.Failures, reconcile.Failure{
			ID: "gone", Name: "hal-dev-9", Role: runtime.RoleWorker, SpecHash: hash, At: at,
			Reason: "exited with code 1", LastLog: "no such model",
		})
	}
}

var _ = Describe("A rollout", func() {
	const image = `spec changed: image: "worker:1" -> "worker:2"`
	rollout := func(warm int, edits ...func(*spec.Pool)) *reconcile.State {
		edits = append(edits, noParent, setWarm(warm))
		s := steady(edits...)
		declare(s, append(edits, workerImage("worker:2"))...)
		return s
	}

	It("creates a worker of the new revision above the number before it takes an old one", func() {
		Expect(reconcile.Diff(*rollout(3)).String()).To(Equal(plan("create hal-dev-3: replaces an old worker: " + image)))
	})
	It("takes as many old ones at once as maxUnavailable says, in per cent rounded down", func() {
		s := rollout(10, bounds(spec.IntOrPercent{Value: 25, Percent: true}, spec.IntOrPercent{}))
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("stop hal-dev-9: "+image, "stop hal-dev-8: "+image)))
	})
	It("waits until a new worker has been ready for minReady", func() {
		s := rollout(3)
		addWorker(s, 3, restartedAt(noon))
		p := reconcile.Diff(*s)
		Expect(p.String()).To(BeEmpty())
		Expect(p.RequeueAfter).To(Equal(2 * time.Second))
		s.Now = noon.Add(2 * time.Second)
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("stop hal-dev-2: " + image)))
	})
	It("counts old workers that are ready and young as what they will be, and takes no more of them", func() {
		s := rollout(4)
		for i := range 4 {
			on(s, fmt.Sprintf("hal-dev-%d", i), restartedAt(noon))
		}
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-4: replaces an old worker: " + image)))
	})
	It("moves by one where there is room neither above nor below", func() {
		s := rollout(2, setMax(2))
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("stop hal-dev-1: " + image)))
	})
	It("never takes a claimed worker, which stays on the revision it has", func() {
		s := rollout(1)
		claim(s, "hal-dev-0", "amy")
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-1: 0 of 1 warm workers")))
	})
	It("is complete, and its revision good, once all workers are of it and available", func() {
		s := rollout(1)
		Expect(s.Rollout.GoodRevision).NotTo(Equal(s.Rollout.Target))
		remove(s, "hal-dev-0")
		addWorker(s, 1)
		done := reconcile.Advance(*s)
		Expect(done.GoodRevision).To(Equal(done.Target))
		Expect(done.Good.Image).To(Equal("worker:2"))
	})

	Describe("whose new workers fail more than maxFailures times", func() {
		failing := func(what spec.OnFailure) *reconcile.State {
			s := rollout(3, onFailure(what))
			fail(s, 2, noon.Add(5*time.Second))
			s.Now = noon.Add(6 * time.Second)
			s.Rollout = reconcile.Advance(*s)
			return s
		}
		It("goes on after as many as are allowed", func() {
			s := rollout(3)
			fail(s, 1, noon.Add(5*time.Second))
			s.Now = noon.Add(6 * time.Second)
			Expect(reconcile.Advance(*s).Outcome).To(BeEmpty())
		})
		It("pauses, and leaves the old workers", func() {
			s := failing(spec.OnFailurePause)
			Expect(s.Rollout.Outcome).To(Equal(reconcile.OutcomePaused))
			Expect(s.Rollout.Message).To(ContainSubstring(`hal-dev-9 exited with code 1: "no such model"`))
			Expect(reconcile.Diff(*s).String()).To(BeEmpty())
		})
		It("makes up for a lost worker from the last good revision while it is paused", func() {
			s := failing(spec.OnFailurePause)
			remove(s, "hal-dev-1")
			p := reconcile.Diff(*s)
			Expect(p.Actions).To(HaveLen(1))
			Expect(p.Actions[0].(reconcile.Create).Spec.Image).To(Equal("worker:1"))
		})
		It("rolls back, and takes what there is of the new revision", func() {
			s := failing(spec.OnFailureRollback)
			addWorker(s, 3)
			Expect(s.Rollout.Outcome).To(Equal(reconcile.OutcomeRolledBack))
			Expect(reconcile.Diff(*s).String()).To(Equal(plan(`stop hal-dev-3: spec changed: image: "worker:2" -> "worker:1"`)))
		})
		It("never rolls a rollback back", func() {
			s := failing(spec.OnFailureRollback)
			fail(s, 10, s.Now)
			s.Now = s.Now.Add(time.Hour)
			Expect(reconcile.Advance(*s)).To(Equal(s.Rollout))
		})
		It("goes on where it is told to continue", func() {
			Expect(failing(spec.OnFailureContinue).Rollout.Outcome).To(BeEmpty())
		})
		It("starts anew when the manifest changes", func() {
			s := failing(spec.OnFailureRollback)
			declare(s, noParent, setWarm(3), workerImage("worker:3"))
			Expect(s.Rollout.Outcome).To(BeEmpty())
		})
		It("goes on when it is resumed, its failures forgiven", func() {
			s := failing(spec.OnFailurePause)
			s.Rollout = s.Rollout.Resume(s.Now)
			Expect(reconcile.Advance(*s).Outcome).To(BeEmpty())
			Expect(reconcile.Diff(*s).String()).To(HavePrefix("create hal-dev-3: replaces"))
		})
	})

	It("pauses when nothing has become available for the progress deadline", func() {
		s := rollout(3, update(func(u *spec.Update) { u.ProgressDeadline = spec.Duration(time.Minute) }))
		Expect(reconcile.Diff(*s).RequeueAfter).To(BeNumerically("<=", time.Minute))
		s.Now = noon.Add(time.Minute)
		Expect(reconcile.Advance(*s).Message).To(ContainSubstring("within 1m"))
	})
	It("does not call a revision good that no worker has shown to be", func() {
		s := steady(noParent, setWarm(0), workerImage("worker:2"))
		Expect(s.Rollout.Good).To(BeNil())
		Expect(s.Rollout.Started.IsZero()).To(BeTrue())
	})
	It("is held by hand, and its deadline with it", func() {
		s := rollout(3)
		s.Rollout = s.Rollout.Pause()
		s.Now = noon.Add(time.Hour)
		s.Rollout = reconcile.Advance(*s)
		Expect(s.Rollout.Outcome).To(BeEmpty())
		Expect(reconcile.Diff(*s).String()).To(BeEmpty())
	})
	It("is undone by hand, and says so where there is nothing to go back to", func() {
		s := rollout(3)
		undone, err := s.Rollout.Undo()
		Expect(err).NotTo(HaveOccurred())
		Expect(undone.Outcome).To(Equal(reconcile.OutcomeRolledBack))
		_, err = steady().Rollout.Undo()
		Expect(err).To(MatchError(ContainSubstring("no other revision is kept")))
	})
	It("is no rollout when a pool is made for the first time, however much fails", func() {
		s := steady(noParent)
		s.Rollout, s.Observed.Containers = reconcile.Rollout{}, s.Observed.Containers[:1]
		s.Rollout = reconcile.Advance(*s)
		fail(s, 5, noon)
		Expect(reconcile.Advance(*s).Outcome).To(BeEmpty())
	})
})

var _ = Describe("A crash loop", func() {
	crashing := func(failures int) *reconcile.State {
		s := steady(noParent, setWarm(3))
		remove(s, "hal-dev-1")
		fail(s, failures, noon)
		return s
	}
	DescribeTable("waits from the end of the last failure, and doubles the wait",
		func(failures int, wait time.Duration) {
			s := crashing(failures)
			p := reconcile.Diff(*s)
			Expect(p.String()).To(BeEmpty())
			Expect(p.Waiting[0].Reason).To(Equal(spec.ReasonCrashLoop))
			Expect(p.Waiting[0].Until).To(Equal(noon.Add(wait)))
			Expect(p.RequeueAfter).To(Equal(wait))
			s.Now = noon.Add(wait)
			Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-1: 2 of 3 warm workers")))
		},
		Entry("one more than there are workers", 4, time.Second),
		Entry("two more", 5, 2*time.Second),
		Entry("three more", 6, 4*time.Second),
		Entry("many more: at most maxBackoff", 40, 5*time.Minute),
	)
	It("replaces the first failure of each worker at once", func() {
		Expect(reconcile.Diff(*crashing(3)).String()).To(Equal(plan("create hal-dev-1: 2 of 3 warm workers")))
	})
	It("tries one worker at a time", func() {
		s := crashing(4)
		remove(s, "hal-dev-2")
		s.Now = noon.Add(time.Second)
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("create hal-dev-1: 1 of 3 warm workers")))
	})
	It("is over after resetAfter without a failure", func() {
		s := crashing(40)
		s.Now = noon.Add(10 * time.Minute)
		Expect(reconcile.Diff(*s).Waiting).To(BeEmpty())
	})
	It("is over once a worker is claimed that was made after what failed", func() {
		s := crashing(40)
		made := func(at time.Time) func(*runtime.Container) { return func(c *runtime.Container) { c.Created = at } }
		on(s, "hal-dev-0", made(noon.Add(-2*time.Second)))
		Expect(reconcile.Diff(*s).Waiting).NotTo(BeEmpty(), "nobody has claimed it")
		claim(s, "hal-dev-0", "amy")
		Expect(reconcile.Diff(*s).Waiting).To(BeEmpty(), "two have failed since")
		on(s, "hal-dev-0.amy", made(noon.Add(-10*time.Second)))
		Expect(reconcile.Diff(*s).Waiting).NotTo(BeEmpty(), "more have than there are workers")
	})
	It("is none of the worker's that is claimed", func() {
		s := crashing(40)
		claim(s, "hal-dev-0", "amy")
		Expect(reconcile.Diff(*s).Waiting[0].Reason).To(Equal(spec.ReasonCrashLoop), "it is older than what failed")
	})
	It("is over for a new revision", func() {
		s := crashing(40)
		declare(s, noParent, setWarm(3), workerImage("worker:2"))
		Expect(reconcile.Diff(*s).Waiting).To(BeEmpty())
	})
	It("of a service waits from its second failure on", func() {
		s := steady()
		on(s, "hal-dev-parent", exit(1, noon))
		want := reconcile.Desire(s.Pool).Services[0].Spec
		failed := reconcile.Failure{ID: want.Name, Name: want.Name, Role: runtime.RoleParent, SpecHash: want.Owner.SpecHash, At: noon, Reason: "exited with code 1"}
		s.Failures = []reconcile.Failure{failed}
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("start hal-dev-parent: exited with code 1")))
		s.Failures = append(s.Failures, failed)
		Expect(reconcile.Diff(*s).Waiting[0].Until).To(Equal(noon.Add(time.Second)))
	})
})

var _ = Describe("Project", func() {
	It("is the whole way from nothing to what is declared", func() {
		s := steady()
		s.Observed = reconcile.Observed{Images: s.Observed.Images}
		delete(s.Observed.Images, runtime.PauseImage)
		Expect(reconcile.Project(*s).String()).To(Equal(plan(
			"create network hal-dev: not found",
			"create volume hal-dev-data: not found",
			"import image hal/pause:v1: not found",
			"create hal-dev-sandbox: not found",
			"start hal-dev-sandbox: created",
			"create hal-dev-parent: not found",
			"start hal-dev-parent: created",
			"create hal-dev-0: 0 of 2 warm workers",
			"create hal-dev-1: 0 of 2 warm workers",
			"start hal-dev-0: created",
			"start hal-dev-1: created",
		)))
	})
	It("is empty for a settled pool", func() {
		Expect(reconcile.Project(*steady()).Actions).To(BeEmpty())
	})
	It("shows a rollout step by step", func() {
		s := steady(noParent, setWarm(1))
		declare(s, noParent, setWarm(1), workerImage("worker:2"))
		Expect(reconcile.Project(*s).String()).To(Equal(plan(
			`create hal-dev-1: replaces an old worker: spec changed: image: "worker:1" -> "worker:2"`,
			"start hal-dev-1: created",
			`stop hal-dev-0: spec changed: image: "worker:1" -> "worker:2"`,
			"remove hal-dev-0: exited with code 143",
		)))
	})
})
