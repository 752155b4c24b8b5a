//go:build e2e

package e2e_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("Workers that crash as soon as they start", func() {
	It("are tried ever less often, explained by their last words, and healed at once by an edit", func() {
		w := newWorld()
		p := w.pool("loop", 2)
		template := &p.Spec.Workers.Template
		template.Command = []string{"sh", "-c", "echo no key in the door; exit 3"}
		p.Spec.Workers.Restart.InitialBackoff = spec.Duration(2 * time.Minute)
		p.Spec.Workers.Restart.KeepFailed = pointer(1)
		tape := w.record()
		w.start(w.write("pool.yaml", p))

		w.awaitCondition(p.Metadata.Name, spec.ConditionDegraded, "True", spec.ReasonCrashLoop)
		Eventually(func() string { return w.condition(p.Metadata.Name, spec.ConditionDegraded).Message }).
			Should(And(ContainSubstring("exited with code 3"), ContainSubstring("no key in the door")))
		Expect(w.hal("why", p.Metadata.Name)).To(And(exitWith(1), HaveField("Out", And(
			ContainSubstring("exited with code 3"), ContainSubstring("no key in the door"), ContainSubstring("next attempt in")))))
		By("keeping as many failed ones as it should, and trying no more for now")
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).Should(ConsistOf(HaveField("State", "exited")))
		tried := tape.count("start", "hal-"+p.Metadata.Name)
		Consistently(func() int { return tape.count("start", "hal-"+p.Metadata.Name) }).Should(Equal(tried))
		Expect(w.hal("logs", w.workers(p.Metadata.Name)[0].Name)).To(HaveField("Out", ContainSubstring("no key in the door")))
		By("an edit")
		template.Command = nil
		w.write("pool.yaml", p)
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).
			Should(And(HaveField("Ready", 2), WithTransform(settled, BeTrue())))
		Expect(w.workers(p.Metadata.Name)).To(ContainElements(HaveField("State", "running"), HaveField("State", "running")))
	})
})
