//go:build e2e

package e2e_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("An edit", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("of the network's mode moves the pool to the other network, there and back", func() {
		p := w.pool("move", 2)
		withParent(p)
		w.start(w.write("pool.yaml", p))
		w.settle(p.Metadata.Name, 2)
		for _, network := range []struct {
			mode spec.NetworkMode
			host string
		}{{spec.NetworkBridge, "parent"}, {spec.NetworkShared, "localhost"}} {
			By(string(network.mode))
			p.Spec.Network.Mode = network.mode
			w.edit("pool.yaml", p)
			Eventually(func() bool {
				return w.container(p.Metadata.Name, "hal-"+p.Metadata.Name+"-sandbox").ID != ""
			}).Should(Equal(network.mode == spec.NetworkShared))
			for _, worker := range w.settle(p.Metadata.Name, 2) {
				Eventually(func() string { return w.visit(worker.ID, network.host) }).Should(ContainSubstring(`"hits"`))
			}
		}
	})

	It("of the parent keeps what is in its volume", func() {
		p := w.pool("data", 1)
		withParent(p)
		p.Spec.Volumes = []spec.Volume{{Name: "count"}}
		p.Spec.Parent.Volumes = []spec.VolumeMount{{Name: "count", Target: "/data/chromadb"}}
		w.start(w.write("pool.yaml", p))
		worker := w.settle(p.Metadata.Name, 1)[0]
		Expect(w.visit(worker.ID, "localhost")).To(ContainSubstring(`{"hits":1}`))
		name := "hal-" + p.Metadata.Name + "-parent"
		before := w.container(p.Metadata.Name, name)
		p.Spec.Parent.Env = []spec.EnvVar{{Name: "VERSION", Value: "2"}}
		w.write("pool.yaml", p)
		Eventually(func() string { return w.container(p.Metadata.Name, name).ID }).ShouldNot(BeElementOf("", before.ID))
		Eventually(func() string { return w.visit(worker.ID, "localhost") }).Should(ContainSubstring(`{"hits":2}`))
	})

	It("that asks for more memory than there is creates nothing, says so, and the next one heals", func() {
		p := w.pool("big", 1)
		p.Spec.Workers.Template.Resources.Memory = 64 << 40
		tape := w.record()
		w.start(w.write("pool.yaml", p))
		w.awaitCondition(p.Metadata.Name, spec.ConditionDegraded, "True", spec.ReasonInsufficientMemory)
		Consistently(func() int { return tape.count("create", "hal-"+p.Metadata.Name+"-0") }).Should(BeZero())
		p.Spec.Workers.Template.Resources = small()
		w.write("pool.yaml", p)
		w.settle(p.Metadata.Name, 1)
	})
})
