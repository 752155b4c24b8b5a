//go:build e2e

package e2e_test

import (
	"syscall"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("An engine that stops while the controller runs", func() {
	It("is told of, nothing is decided meanwhile, and all is right soon after its return", func(ctx SpecContext) {
		own := newOwnEngine()
		w := newWorldOn(own.seen)
		own.importWorker("own/worker")
		p := w.pool("out", 3)
		p.Spec.Workers.Template.Image = "own/worker"
		p.Spec.Workers.Template.Command = []string{"/hal-controller", "pause"}
		w.start(w.write("pool.yaml", p))
		w.settle(p.Metadata.Name, 3)

		for _, how := range []struct {
			signal syscall.Signal
			word   string
		}{{syscall.SIGTERM, "stopped"}, {syscall.SIGKILL, "killed"}} {
			By(how.word)
			own.stop(how.signal)
			w.awaitCondition(p.Metadata.Name, spec.ConditionReady, "Unknown", spec.ReasonEngineUnavailable)
			Expect(w.hal("why", p.Metadata.Name)).To(And(exitWith(1), HaveField("Out", ContainSubstring("engine"))))
			own.start()
			own.await()
			w.settle(p.Metadata.Name, 3)
		}
		By("and it is kept as declared again")
		victim := w.workers(p.Metadata.Name)[0]
		Expect(w.api.ContainerRemove(ctx, victim.ID, docker.RemoveOptions{Force: true})).To(Succeed())
		Eventually(func() []container { return w.workers(p.Metadata.Name) }).
			Should(And(HaveLen(3), Not(ContainElement(HaveField("ID", victim.ID)))))
		w.settle(p.Metadata.Name, 3)
	})
})
