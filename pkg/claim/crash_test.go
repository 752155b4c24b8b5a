package claim_test

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
)

var _ = Describe("A crash of the controller", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.settled("hal-dev-0", "hal-dev-1")
		w.engine.OnSession(swallow)
	})
	request := func() claim.Request {
		return claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop"), Env: map[string]string{"A": "b"}}
	}

	DescribeTable("in the middle of a claim has its worker destroyed at the next start",
		func(stopAt func(*parked)) {
			first, _ := w.engine.Container("hal-dev-0")
			step := park()
			stopAt(step)
			w.begin(me, request())
			Eventually(step.arrived).WithTimeout(soon).Should(BeClosed())
			Expect(w.onDisk()).To(ConsistOf(HaveField("Phase", claim.Binding)))
			w.crash()
			w.nothingLeft()
			Expect(w.has(first.ID)).To(BeFalse())
			Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
			w.claim(me, request())
		},
		Entry("after the record", func(p *parked) { w.engine.Fail(p.at("rename")) }),
		Entry("after the name", func(p *parked) { w.binder.onBind(func(string, string) error { return p.wait() }) }),
		Entry("after the project", func(p *parked) { w.engine.Fail(p.at("session")) }),
		Entry("after the secrets", func(p *parked) {
			w.engine.LoseReply(func(c fake.Call) error {
				if c.Method == "session" {
					return p.wait()
				}
				return nil
			})
		}),
	)

	It("after a claim is bound leaves it as it is", func() {
		got := w.claim(me, request())
		w.crash()
		Expect(w.claims.List()).To(HaveExactElements(And(
			HaveField("Name", "fix"), HaveField("Phase", claim.Bound), HaveField("Worker", got.Worker),
			HaveField("Caller", me), HaveField("Project", got.Project), HaveField("Recovered", false),
		)))
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
		Expect(w.binder.bound("hal-dev-0")).To(HaveLen(1))
		Expect(w.claim(me, request()).Worker).To(Equal(got.Worker))
	})

	It("in the middle of a release has it carried to its end", func() {
		got := w.claim(me, request())
		stopping := park()
		w.engine.Fail(func(c fake.Call) error {
			if c.Method == "stop" && c.ID == got.Worker {
				return stopping.wait()
			}
			return nil
		})
		_, err := w.claims.Release(me, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(stopping.arrived).WithTimeout(soon).Should(BeClosed())
		Expect(w.onDisk()).To(ConsistOf(HaveField("Phase", claim.Releasing)))
		go func() { stopping.goOn <- context.Canceled }()
		w.crash()
		w.nothingLeft()
		Expect(w.has(got.Worker)).To(BeFalse())
	})

	It("after a worker was stopped and removed, and not its record, drops that too", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.stop()
		got.Phase = claim.Releasing
		Expect(w.store().Save(got)).To(Succeed())
		w.engine.Delete(got.Container())
		w.start()
		w.nothingLeft()
	})

	Describe("that lost the records", func() {
		var got claim.Record
		BeforeEach(func() {
			got = w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
			w.stop()
			Expect(os.RemoveAll(w.store().Dir)).To(Succeed())
		})

		It("has claims known by their workers' names, for root and administrators to use", func() {
			w.start()
			recovered, err := w.claims.Get("fix")
			Expect(err).NotTo(HaveOccurred())
			Expect(recovered).To(And(
				HaveField("Phase", claim.Bound), HaveField("Worker", got.Worker), HaveField("Recovered", true),
				HaveField("Warning", ContainSubstring("its record was lost")),
			))
			Expect(w.told("ClaimRecovered")).To(HaveLen(1))
			Expect(w.onDisk()).To(ConsistOf(HaveField("Recovered", true)))
			Consistently(w.workers, "100ms").Should(Equal([]string{"hal-dev-0.fix", "hal-dev-1", "hal-dev-2"}))
			for _, who := range []bind.Caller{alice, bob} {
				_, err := w.claims.Use(who, "fix", "exec")
				Expect(err).To(refusal("another person's"))
				_, err = w.claims.Release(who, "fix", claim.ReleaseOptions{})
				Expect(err).To(refusal("another person's"))
			}
			for _, who := range []bind.Caller{root, admin} {
				_, err := w.claims.Use(who, "fix", "exec")
				Expect(err).NotTo(HaveOccurred())
			}
			w.release(root, "fix")
			w.nothingLeft()
		})

		It("says so once, even where it cannot make a record of it", func() {
			mend := w.breakStore()
			w.start()
			Expect(w.claims.List()).To(HaveExactElements(HaveField("Recovered", true)))
			w.engine.Kill("hal-dev-1", 0) // passes
			w.settled("hal-dev-0.fix", "hal-dev-2", "hal-dev-3")
			Expect(w.told("ClaimRecovered")).To(HaveLen(1))
			mend()
		})
	})

	It("while the machine restarted has claimed workers started again, with what is bound in them first", func() {
		got := w.claim(me, request())
		w.stop()
		for _, c := range w.engine.Snapshot().Containers {
			w.engine.Kill(c.Name, 137)
		}
		w.binder.forget()
		var atStart map[string]string
		w.engine.Fail(func(c fake.Call) error {
			if c.Method == "start" && c.ID == got.Worker {
				atStart = w.binder.bound("hal-dev-0")
			}
			return nil
		})
		w.start()
		Eventually(w.workers).WithTimeout(soon).Should(ContainElement("hal-dev-0.fix"))
		Expect(atStart).To(ConsistOf(got.Project))
		Expect(w.claims.Get("fix")).To(HaveField("Worker", got.Worker))
		Eventually(func() []string { return w.told("SecretsLost") }).WithTimeout(soon).Should(HaveLen(1))
	})

	It("has a worker that is gone known as lost, even where nothing is left of its pool", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.stop()
		for _, c := range w.engine.Snapshot().Containers {
			w.engine.Delete(c.Name)
		}
		w.mu.Lock()
		clear(w.pools)
		w.mu.Unlock()
		w.start()
		Expect(w.claims.List()).To(HaveExactElements(HaveField("Phase", claim.Lost)))
	})

	It("has the slots of workers that are gone removed, and no others", func() {
		Expect(w.binder.Make("hal-dev-7", "workspace")).To(Succeed())
		w.crash()
		Expect(w.binder.Workers()).To(Equal([]string{"hal-dev-0", "hal-dev-1"}))
	})

	It("removes no worker that another claim has, whatever an older record of it says", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.stop()
		old := got
		old.Name, old.Phase = "old", claim.Binding
		Expect(w.store().Save(old)).To(Succeed())
		w.start()
		Expect(w.claims.List()).To(HaveExactElements(And(HaveField("Name", "fix"), HaveField("Worker", got.Worker), HaveField("Phase", claim.Bound))))
		Consistently(func() bool { return w.has(got.Worker) }, "200ms").Should(BeTrue())
		Expect(w.onDisk()).To(HaveLen(1))
	})

	It("goes on with a release although the engine is away when it starts", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.stop()
		records := w.onDisk()
		records[0].Phase = claim.Releasing
		Expect(w.store().Save(records[0])).To(Succeed())
		w.engine.Down(true)
		w.broken = true // it is told that not all is known
		w.start()
		w.broken = false
		w.engine.Down(false)
		w.nothingLeft()
	})

	It("keeps a record that cannot be read, and tells of it", func() {
		w.stop()
		path := filepath.Join(w.store().Dir, "odd.json")
		Expect(os.MkdirAll(w.store().Dir, 0o700)).To(Succeed())
		Expect(os.WriteFile(path, []byte("{"), 0o600)).To(Succeed())
		_, err := w.store().Load()
		Expect(err).To(MatchError(ContainSubstring(path)))
		Expect(path).To(BeAnExistingFile())
	})

	It("keeps a record that cannot be read beside the one that it makes of its worker", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.stop()
		path := filepath.Join(w.store().Dir, "fix.json")
		Expect(os.WriteFile(path, []byte("{"), 0o600)).To(Succeed())
		w.broken = true // it is told
		w.start()
		Expect(w.claims.Get("fix")).To(HaveField("Recovered", true))
		Expect(w.onDisk()).To(ConsistOf(HaveField("Recovered", true)))
		Expect(os.ReadFile(path + ".unreadable")).To(BeEquivalentTo("{"))
	})

	It("before another worker carries the name of a claim leaves that one alone", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
		w.engine.Edit("hal-dev-1", func(c *runtime.Container, i *runtime.Inspection) {
			c.Name, i.Spec.Name = "hal-dev-1.fix", "hal-dev-1.fix"
		})
		w.crash()
		Expect(w.claims.List()).To(HaveExactElements(HaveField("Worker", got.Worker)))
		Consistently(w.workers, "100ms").Should(ContainElement("hal-dev-1.fix"))
	})
})
