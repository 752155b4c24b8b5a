//go:build e2e

package e2e_test

import (
	"context"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("A claimed worker", func() {
	It("outlives a scale to nothing, the loss of the state directory, the controller's death and the pool's deletion", func(ctx SpecContext) {
		w := newWorld()
		p := w.pool("mine", 2)
		withParent(p)
		file := w.write("pool.yaml", p)
		c := w.start(w.dir)
		amy := w.claim(w.settle(p.Metadata.Name, 2)[0], "amy")
		untouched := func() {
			GinkgoHelper()
			Expect(w.workers(p.Metadata.Name)).To(ContainElement(amy))
		}
		By("scaled to nothing")
		p.Spec.Workers.Warm = 0
		w.write("pool.yaml", p)
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).Should(ConsistOf(amy))
		By("controller and state lost")
		c.kill()
		w.forgetState()
		w.start(w.dir)
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).
			Should(And(HaveField("Claimed", 1), WithTransform(settled, BeTrue())))
		untouched()
		By("pool deleted")
		Expect(w.hal("delete", "pool", p.Metadata.Name)).To(exitWith(0))
		Expect(file).NotTo(BeAnExistingFile())
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionProgressing, "False", spec.ReasonBlockedByClaims)).
			To(ContainSubstring("amy"))
		Consistently(func() []container { return w.workers(p.Metadata.Name) }).Should(ConsistOf(amy))
		Expect(w.visit(amy.ID, "localhost")).To(ContainSubstring(`"hits"`), "its services stay with it")
		By("released")
		Expect(w.api.ContainerRemove(ctx, amy.ID, docker.RemoveOptions{Force: true})).To(Succeed())
		Eventually(func() []container { return w.containers("") }).Should(BeEmpty())
		Eventually(func() []string { return w.networks(ctx) }).Should(BeEmpty())
		Expect(w.hal("wait", p.Metadata.Name, "--for", "delete")).To(exitWith(0))
	})

	It("keeps its sandbox when the published ports change, until it is released", func(ctx SpecContext) {
		w := newWorld()
		p := w.pool("ports", 1)
		withParent(p)
		w.start(w.write("pool.yaml", p))
		amy := w.claim(w.settle(p.Metadata.Name, 1)[0], "amy")
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(HaveField("Ready", 1), HaveField("Claimed", 1)))
		port := freePort()
		p.Spec.Parent.Ports = []string{"127.0.0.1:" + port + ":8000"}
		w.write("pool.yaml", p)
		Eventually(func() []spec.Waiting { return w.status(p.Metadata.Name).Waiting }).Should(ContainElement(And(
			HaveField("Reason", spec.ReasonBlockedByClaims), HaveField("Message", ContainSubstring("amy")))))
		Expect(w.workers(p.Metadata.Name)).To(ContainElement(amy))
		Expect(w.visit(amy.ID, "localhost")).To(ContainSubstring(`"hits"`))
		By("released")
		Expect(w.api.ContainerRemove(ctx, amy.ID, docker.RemoveOptions{Force: true})).To(Succeed())
		Eventually(func() error { return published(port) }).Should(Succeed())
		w.settle(p.Metadata.Name, 1)
	})
})

// claim gives a worker to somebody: its name says so.
func (w *world) claim(worker container, by string) container {
	GinkgoHelper()
	name := worker.Name + "." + by
	Expect(w.api.ContainerRename(context.Background(), worker.ID, name)).To(Succeed())
	worker.Name = name
	return worker
}
