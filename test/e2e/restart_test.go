//go:build e2e

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A controller that is killed", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("changes nothing of settled pools when it starts again", func() {
		shared, bridge := w.pool("shared", 3), w.pool("bridge", 2)
		withParent(shared)
		withParent(bridge)
		bridged(bridge)
		w.write("pools.yaml", shared, bridge)
		first := w.start(w.dir)
		w.settle(shared.Metadata.Name, 3)
		w.settle(bridge.Metadata.Name, 2)
		before := w.containers("")
		tape := w.record()
		first.kill()
		w.start(w.dir)
		w.settle(shared.Metadata.Name, 3)
		w.settle(bridge.Metadata.Name, 2)
		Consistently(tape.all).Should(BeEmpty())
		Expect(w.containers("")).To(Equal(before))
	})

	It("finishes after its start what it was doing, scaling up or down", func() {
		const most = 20
		seed := uint64(GinkgoRandomSeed())
		random := rand.New(rand.NewPCG(seed, 0))
		p := w.pool("half", 0)
		p.Spec.Workers.Max = pointer(most)
		prefix := "hal-" + p.Metadata.Name + "-"
		file := w.write("pool.yaml", p)
		c := w.start(file)
		w.settle(p.Metadata.Name, 0)
		for _, step := range []struct {
			warm   int
			action string
		}{{most, "create"}, {0, "kill"}, {most, "start"}, {0, "destroy"}} {
			nth := 1 + random.IntN(most-1)
			By(fmt.Sprintf("to %d, killed at %s %d of %d (seed %d)", step.warm, step.action, nth, most, seed))
			tape := w.record()
			p.Spec.Workers.Warm = step.warm
			w.write("pool.yaml", p)
			Eventually(func() int { return tape.count(step.action, prefix) }).
				WithPolling(pollingOften).Should(BeNumerically(">=", nth))
			c.kill()
			c = w.start(file)
			w.settle(p.Metadata.Name, step.warm)
		}
	})
})

var _ = Describe("A second controller of an instance", func() {
	It("does not start, and says which process is the first", func() {
		w := newWorld()
		p := w.pool("one", 1)
		file := w.write("pool.yaml", p)
		first := w.start(file)
		w.settle(p.Metadata.Name, 1)
		answer := w.hal("run", "-f", file)
		Expect(answer.Code).NotTo(BeZero())
		Expect(answer.Err).To(ContainSubstring("process " + strconv.Itoa(first.process.Pid)))
		Expect(w.hal("converge", "-f", file).Code).NotTo(BeZero())
		By("and one of another instance does")
		other := newWorld()
		q := other.pool("two", 1)
		other.start(other.write("pool.yaml", q))
		other.settle(q.Metadata.Name, 1)
		By("and one does once the first has ended")
		first.stop()
		w.start(file)
		w.settle(p.Metadata.Name, 1)
	})
})
