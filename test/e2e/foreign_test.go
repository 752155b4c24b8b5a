//go:build e2e

package e2e_test

import (
	"context"
	"net"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("What another has taken", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("a container of a worker's name: left alone, told of, and not fought over", func(ctx SpecContext) {
		p := w.pool("name", 2)
		name := "hal-" + p.Metadata.Name + "-0"
		foreign := w.foreign(name, nil)
		w.start(w.write("pool.yaml", p))
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionDegraded, "True", spec.ReasonNameConflict)).To(ContainSubstring(name))
		Consistently(func() []container { return w.workers(p.Metadata.Name) }).Should(ConsistOf(HaveField("Ordinal", 1)))
		left, err := w.api.ContainerInspect(ctx, foreign)
		Expect(err).NotTo(HaveOccurred())
		Expect(left.State.Running).To(BeTrue())
		By("gone")
		Expect(w.api.ContainerRemove(ctx, foreign, docker.RemoveOptions{Force: true})).To(Succeed())
		Expect(w.hal("reconcile", p.Metadata.Name)).To(exitWith(0))
		w.settle(p.Metadata.Name, 2)
	})

	DescribeTable("a port: told of, not tried over and over, and used once it is free", func(take func(w *world, hostPort string) (free func())) {
		p := w.pool("port", 1)
		free := take(w, withParent(p))
		tape := w.record()
		w.start(w.write("pool.yaml", p))
		Eventually(func() spec.Condition { return w.condition(p.Metadata.Name, spec.ConditionDegraded) }).
			Should(And(HaveField("Status", "True"), HaveField("Message", MatchRegexp("port is already allocated|address already in use"))))
		before := len(tape.all())
		Consistently(func() int { return len(tape.all()) }).Should(BeNumerically("<=", before+4))
		// Each try makes it anew where the engine has forgotten its network (2.0 beta).
		Expect(tape.count("create", "hal-"+p.Metadata.Name+"-sandbox")).To(BeNumerically("<=", 5))
		By("free")
		free()
		Expect(w.hal("reconcile", p.Metadata.Name)).To(exitWith(0))
		w.settle(p.Metadata.Name, 1)
	},
		Entry("by a container", func(w *world, hostPort string) func() {
			id := w.foreign("hal-e2e-"+w.id, []string{"127.0.0.1:" + hostPort + ":8000"})
			return func() { w.remove(context.Background(), id) }
		}),
		Entry("by a process of the host", func(_ *world, hostPort string) func() {
			listener, err := net.Listen("tcp", "127.0.0.1:"+hostPort)
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(func() { _ = listener.Close() }) // freed by then, mostly
			return func() { Expect(listener.Close()).To(Succeed()) }
		}),
	)
})
