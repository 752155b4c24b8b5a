//go:build e2e

package e2e_test

import (
	"context"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("The controller", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	DescribeTable("replaces, and leaves the others alone, a warm worker that is", func(prepare func(*spec.Pool), harm func(w *world, victim string)) {
		p := w.pool("hurt", 2)
		prepare(p)
		w.start(w.write("pool.yaml", p))
		before := w.settle(p.Metadata.Name, 2)
		victim, other := before[0], before[1]
		harm(w, victim.ID)
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).ShouldNot(ContainElement(HaveField("ID", victim.ID)))
		Expect(w.settle(p.Metadata.Name, 2)).To(ContainElement(other))
	},
		Entry("killed", asItIs, func(w *world, victim string) {
			Expect(w.api.ContainerKill(context.Background(), victim, "KILL")).To(Succeed())
		}),
		Entry("stopped by hand", asItIs, func(w *world, victim string) {
			Expect(w.api.ContainerStop(context.Background(), victim, docker.StopOptions{})).To(Succeed())
		}),
		Entry("removed by hand", asItIs, func(w *world, victim string) {
			Expect(w.api.ContainerRemove(context.Background(), victim, docker.RemoveOptions{Force: true})).To(Succeed())
		}),
		Entry("paused", asItIs, func(w *world, victim string) {
			Expect(w.api.ContainerPause(context.Background(), victim)).To(Succeed())
		}),
		Entry("not ready any more", ready("test", "!", "-e", "/tmp/ill"), func(w *world, victim string) {
			Expect(w.run(victim, "touch /tmp/ill")).To(exitWith(0))
		}),
		Entry("disconnected from its network", bridged, func(w *world, victim string) {
			network := "hal-" + w.workers("")[0].Pool
			Expect(w.api.NetworkDisconnect(context.Background(), network, victim, false)).To(Succeed())
		}),
	)

	It("replaces a worker that ran out of memory, and keeps what is left of it for a look", func() {
		p := w.pool("hungry", 2)
		p.Spec.Workers.Template.Command = []string{"bash", "-c", "until [ -e /tmp/hungry ]; do sleep 0.1; done; exec tail /dev/zero"}
		w.start(w.write("pool.yaml", p))
		victim := w.settle(p.Metadata.Name, 2)[0]
		Expect(w.run(victim.ID, "touch /tmp/hungry")).To(exitWith(0))
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).Should(And(HaveLen(3), ContainElement(
			And(HaveField("ID", victim.ID), HaveField("State", "exited")))))
		Eventually(func() spec.PoolStatus { return w.status(p.Metadata.Name) }).Should(And(
			HaveField("Ready", 2), HaveField("Failed", 1),
			HaveField("Workers", ContainElement(HaveField("Message", ContainSubstring("out of memory"))))))
	})

	It("repairs limits, restart policy and name in place", func(ctx SpecContext) {
		p := w.pool("bent", 1)
		w.start(w.write("pool.yaml", p))
		worker := w.settle(p.Metadata.Name, 1)[0]
		repaired := func() {
			GinkgoHelper()
			Eventually(func() []container { return w.workers(p.Metadata.Name) }).Should(ConsistOf(worker))
		}
		_, err := w.api.ContainerUpdate(ctx, worker.ID, docker.UpdateConfig{Resources: docker.Resources{Memory: 32 << 20, MemorySwap: 32 << 20}})
		Expect(err).NotTo(HaveOccurred())
		repaired()
		_, err = w.api.ContainerUpdate(ctx, worker.ID, docker.UpdateConfig{RestartPolicy: docker.RestartPolicy{Name: docker.RestartPolicyAlways}})
		Expect(err).NotTo(HaveOccurred())
		repaired()
		Expect(w.api.ContainerRename(ctx, worker.ID, "stray-"+w.id)).To(Succeed())
		repaired()
	})

	It("removes a twin that somebody has made with the controller's labels", func(ctx SpecContext) {
		p := w.pool("twin", 2)
		w.start(w.write("pool.yaml", p))
		before := w.settle(p.Metadata.Name, 2)
		original, err := w.api.ContainerInspect(ctx, before[0].ID)
		Expect(err).NotTo(HaveOccurred())
		original.Config.Hostname = "" // the sandbox's
		twin, err := w.api.ContainerCreate(ctx, original.Config, original.HostConfig, nil, nil, "twin-"+w.id)
		Expect(err).NotTo(HaveOccurred())
		_ = w.api.ContainerStart(ctx, twin.ID, docker.StartOptions{}) // it may be gone by now
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).Should(Equal(before))
		Consistently(func() []container { return w.workers(p.Metadata.Name) }).Should(Equal(before))
	})

	DescribeTable("puts all on a sandbox that works when the sandbox has been", func(harm func(w *world, sandbox string)) {
		p := w.pool("sand", 2)
		withParent(p)
		w.start(w.write("pool.yaml", p))
		before := w.settle(p.Metadata.Name, 2)
		harm(w, w.container(p.Metadata.Name, "hal-"+p.Metadata.Name+"-sandbox").ID)
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).
			ShouldNot(ContainElement(HaveField("ID", BeElementOf(before[0].ID, before[1].ID))))
		for _, worker := range w.settle(p.Metadata.Name, 2) {
			Eventually(func() string { return w.visit(worker.ID, "localhost") }).Should(ContainSubstring(`"hits"`))
		}
	},
		Entry("restarted", func(w *world, sandbox string) {
			Expect(w.api.ContainerRestart(context.Background(), sandbox, docker.StopOptions{})).To(Succeed())
		}),
		Entry("stopped", func(w *world, sandbox string) {
			Expect(w.api.ContainerStop(context.Background(), sandbox, docker.StopOptions{})).To(Succeed())
		}),
		Entry("removed", func(w *world, sandbox string) {
			Expect(w.api.ContainerRemove(context.Background(), sandbox, docker.RemoveOptions{Force: true})).To(Succeed())
		}),
	)
})

// Ways to prepare a pool for harm.

func asItIs(*spec.Pool) {}

func bridged(p *spec.Pool) { p.Spec.Network.Mode = spec.NetworkBridge }

func ready(command ...string) func(*spec.Pool) {
	return func(p *spec.Pool) {
		p.Spec.Workers.Template.Readiness = &spec.Probe{Exec: command, Period: spec.Duration(200e6), FailureThreshold: 2}
	}
}
