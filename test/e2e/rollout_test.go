//go:build e2e

package e2e_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("A rollout", func() {
	var w *world
	var p *spec.Pool
	var template *spec.WorkerTemplate

	BeforeEach(func() {
		w = newWorld()
		p = w.pool("roll", 4)
		template = &p.Spec.Workers.Template
		p.Spec.Workers.Max = pointer(6)
		p.Spec.Workers.Update.MaxUnavailable = &spec.IntOrPercent{Value: 1}
	})

	// cautious is set after a first revision has been ready for no time at all,
	// so that it is known to be good.
	cautious := func(minReady time.Duration) { p.Spec.Workers.Update.MinReady = pointer(spec.Duration(minReady)) }

	version := func(v string) { template.Env = []spec.EnvVar{{Name: "VERSION", Value: v}} }
	fails := func() {
		cautious(time.Second)
		template.Command = []string{"sh", "-c", "echo cannot work; exit 4"}
	}

	It("replaces every unclaimed worker within its bounds, and leaves claimed ones alone", func() {
		tape := w.record()
		w.start(w.write("pool.yaml", p))
		old := w.settle(p.Metadata.Name, 4)
		amy := w.claim(old[0], "amy")
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).
			Should(And(HaveField("Ready", 4), HaveField("Claimed", 1), WithTransform(settled, BeTrue())))
		from := len(tape.all())
		cautious(500 * time.Millisecond)
		version("2")
		w.edit("pool.yaml", p)
		Expect(w.hal("rollout", "status", p.Metadata.Name, "--timeout", "1m")).To(exitWith(0))

		now := w.workers(p.Metadata.Name)
		Expect(now).To(And(HaveLen(5), ContainElement(amy)))
		for _, worker := range now {
			if worker.ID != amy.ID {
				Expect(w.run(worker.ID, "echo $VERSION")).To(HaveField("Out", "2\n"))
			}
		}
		fewest, most := populations(tape.all()[from:], "hal-"+p.Metadata.Name+"-", 4, 5)
		Expect(fewest).To(BeNumerically(">=", 3), "warm less maxUnavailable run at any time: %v", tape.all()[from:])
		Expect(most).To(BeNumerically("<=", 6), "max exist at any time: %v", tape.all()[from:])
	})

	It("takes no more workers down because they are young", func() {
		cautious(time.Hour)
		w.start(w.write("pool.yaml", p))
		old := w.settle(p.Metadata.Name, 4)
		version("2")
		w.edit("pool.yaml", p)
		Consistently(func() int { return w.survivors(old) }).Should(BeNumerically(">=", 3))
	})

	It("to a template that fails is paused; undo goes back, resume tries again", func() {
		w.start(w.write("pool.yaml", p))
		old := w.settle(p.Metadata.Name, 4)
		fails()
		w.edit("pool.yaml", p)
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonRolloutPaused)).
			To(ContainSubstring("cannot work"))
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(HaveField("Ready", 4))
		Expect(w.survivors(old)).To(BeNumerically(">=", 3))
		Expect(w.hal("rollout", "status", p.Metadata.Name)).To(exitWith(1))
		By("resume")
		Expect(w.hal("rollout", "resume", p.Metadata.Name)).To(exitWith(0))
		w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonRolloutPaused)
		Expect(w.survivors(old)).To(BeNumerically(">=", 3))
		By("undo")
		Expect(w.hal("rollout", "undo", p.Metadata.Name)).To(exitWith(0))
		w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonRolledBack)
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(HaveField("Ready", 4), HaveField("Updated", 4)))
	})

	It("to a template that fails is rolled back where the manifest says so, and an edit starts anew", func() {
		p.Spec.Workers.Update.OnFailure = spec.OnFailureRollback
		w.start(w.write("pool.yaml", p))
		old := w.settle(p.Metadata.Name, 4)
		fails()
		w.edit("pool.yaml", p)
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonRolledBack)).
			To(ContainSubstring("cannot work"))
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(HaveField("Ready", 4), HaveField("Updated", 4)))
		Expect(w.survivors(old)).To(BeNumerically(">=", 3))
		By("an edit")
		template.Command = nil
		version("3")
		w.write("pool.yaml", p)
		Eventually(func() int { return w.survivors(old) }).Should(BeZero())
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(HaveField("Ready", 4), HaveField("Updated", 4)))
	})

	It("to an image that is missing replaces nothing, and goes on as soon as the image is there", func() {
		w.start(w.write("pool.yaml", p))
		old := w.settle(p.Metadata.Name, 4)
		image := w.newImage(workerImage, "ENV VERSION=5")
		missing := strings.Replace(image, ":", "-next:", 1)
		template.Image = missing
		w.write("pool.yaml", p)
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionDegraded, "True", spec.ReasonImageMissing)).To(ContainSubstring(missing))
		Expect(w.survivors(old)).To(BeNumerically(">=", 3))
		By("the image's arrival")
		w.tag(image, missing)
		Eventually(func() int { return w.survivors(old) }).Should(BeZero())
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(HaveField("Ready", 4), HaveField("Updated", 4)))
	})
})

// survivors is how many of these containers still run, as they did.
func (w *world) survivors(of []container) int {
	GinkgoHelper()
	n := 0
	for _, now := range w.workers(of[0].Pool) {
		for _, was := range of {
			if now == was {
				n++
			}
		}
	}
	return n
}

// populations replays a tape: the fewest workers that ran and had not been asked
// to stop, and the most that existed, at any time.
func populations(tape []string, prefix string, running, existing int) (fewest, most int) {
	fewest, most = running, existing
	asked := map[string]bool{}
	for _, entry := range tape {
		action, name, _ := strings.Cut(entry, " ")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		switch action {
		case "create":
			existing++
			asked[name] = false
		case "start":
			running++
		case "kill", "die":
			if !asked[name] {
				running--
			}
			asked[name] = true
		case "destroy":
			existing--
		}
		fewest, most = min(fewest, running), max(most, existing)
	}
	return fewest, most
}
