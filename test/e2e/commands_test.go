//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("The commands of a running controller", func() {
	var w *world
	var p *spec.Pool
	var file string

	BeforeEach(func() {
		w = newWorld()
		p = w.pool("cmd", 2)
		file = w.write("pool.yaml", p)
		w.start(w.dir)
		w.settle(p.Metadata.Name, 2)
	})

	It("scale: changes the number in the file and no other byte of it", func() {
		written := "# my pool\n" + strings.Replace(string(text(p)), "warm: 2", "warm:   2   # two is enough", 1)
		w.writeText("pool.yaml", []byte(written))
		Expect(w.hal("scale", p.Metadata.Name, "--warm", "3")).To(exitWith(0))
		Expect(os.ReadFile(file)).To(BeEquivalentTo(strings.Replace(written, "warm:   2", "warm:   3", 1)))
		w.settle(p.Metadata.Name, 3)
	})

	It("suspend: nothing is healed until resume", func(ctx SpecContext) {
		Expect(w.hal("suspend", p.Metadata.Name)).To(exitWith(0))
		w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonSuspended)
		victim := w.workers(p.Metadata.Name)[0]
		Expect(w.api.ContainerKill(ctx, victim.ID, "KILL")).To(Succeed())
		Eventually(func() int { return w.status(p.Metadata.Name).Ready }).Should(Equal(1))
		Consistently(func() string { return w.container(p.Metadata.Name, victim.Name).State }).Should(Equal("exited"))
		Expect(w.hal("resume", p.Metadata.Name)).To(exitWith(0))
		w.settle(p.Metadata.Name, 2)
	})

	It("apply: creates, configures and leaves unchanged, each in its file", func() {
		other := w.pool("more", 1)
		elsewhere := filepath.Join(w.home, "applied.yaml")
		apply := func(p *spec.Pool) string {
			GinkgoHelper()
			Expect(os.WriteFile(elsewhere, text(p), 0o644)).To(Succeed())
			answer := w.hal("apply", "-f", elsewhere, "--wait")
			Expect(answer).To(exitWith(0))
			return answer.Out
		}
		Expect(apply(other)).To(Equal("pool/" + other.Metadata.Name + " created\n"))
		w.settle(other.Metadata.Name, 1)
		Expect(apply(other)).To(Equal("pool/" + other.Metadata.Name + " unchanged\n"))
		p.Spec.Workers.Warm = 1
		Expect(apply(p)).To(Equal("pool/" + p.Metadata.Name + " configured\n"))
		w.settle(p.Metadata.Name, 1)
		Expect(os.ReadFile(file)).To(ContainSubstring("warm: 1"))
		By("and delete takes one away")
		Expect(w.hal("delete", "pool", other.Metadata.Name, "--wait")).To(exitWith(0))
		Expect(w.containers(other.Metadata.Name)).To(BeEmpty())
		Expect(w.workers(p.Metadata.Name)).To(HaveLen(1))
	})

	It("diff: 0 when there is nothing to do, 1 with each step and its cause when there is", func() {
		Expect(w.hal("diff", "-f", w.dir)).To(exitWith(0))
		wanted := filepath.Join(w.home, "wanted.yaml")
		p.Spec.Workers.Warm = 3
		Expect(os.WriteFile(wanted, text(p), 0o644)).To(Succeed())
		Expect(w.hal("diff", "-f", wanted)).To(And(exitWith(1), HaveField("Out", ContainSubstring("hal-"+p.Metadata.Name+"-2"))))
		Expect(w.workers(p.Metadata.Name)).To(HaveLen(2))
	})

	It("wait, get, events and logs: tell of what is", func() {
		Expect(w.hal("wait", "pool/"+p.Metadata.Name, "--for", "condition=Ready")).To(exitWith(0))
		Expect(w.hal("wait", "pool/"+p.Metadata.Name, "--for", "condition=Ready=False", "--timeout", "1s")).To(exitWith(3))
		Expect(w.hal("get", "workers", "-o", "name").Out).To(Equal("worker/hal-" + p.Metadata.Name + "-0\nworker/hal-" + p.Metadata.Name + "-1\n"))
		Expect(w.hal("events", "--for", "pool/"+p.Metadata.Name).Out).To(MatchRegexp(`Create +hal-` + p.Metadata.Name + `-1 +0 of 2 warm workers`))
		Expect(w.hal("rollout", "status", p.Metadata.Name)).To(exitWith(0))
		Expect(w.hal("why", p.Metadata.Name)).To(exitWith(0))
	})

	It("get: tells of containers even when no controller runs, and the writers say that none does", func() {
		w.controllers[0].stop()
		Expect(w.hal("get", "workers", "-o", "name").Out).To(ContainSubstring("hal-" + p.Metadata.Name + "-1"))
		Expect(w.hal("scale", p.Metadata.Name, "--warm", "3")).To(exitWith(4))
	})

	It("reconcile: finds what no event has told of", func() {
		Expect(w.hal("reconcile", p.Metadata.Name)).To(exitWith(0))
		Expect(w.hal("reconcile", "nobody")).To(exitWith(1))
	})
})
