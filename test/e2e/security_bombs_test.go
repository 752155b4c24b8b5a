//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("A worker that takes all that it can get", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool string
	var worker, neighbour container
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("greedy", 2)
		p.Spec.Workers.Template.Resources.CPU = 200
		pool = p.Metadata.Name
		w.start(w.write("pool.yaml", p))
	})
	BeforeEach(func() {
		found := w.settle(pool, 2)
		worker, neighbour = found[0], found[1]
	})
	AfterEach(func() {
		Expect(w.container(pool, neighbour.Name)).To(And(HaveField("ID", neighbour.ID), HaveField("State", "running"), HaveField("StartedAt", neighbour.StartedAt)))
	})

	It("has no more of the CPU than its limit, however many processes it has", func() {
		// On a machine with much other work it takes a while to get as much as that.
		Eventually(func() string {
			answer := w.run(worker.ID, burn)
			var real, user, system float64
			Expect(fmt.Sscan(answer.Err, &real, &user, &system)).To(Equal(3), "%+v", answer)
			Expect((user+system)/real).To(BeNumerically("<", 0.35), "%+v", answer)
			return answer.Out
		}).Should(MatchRegexp(`nr_throttled [1-9]`), "it is held back")
	})

	It("has its greedy process killed for memory, and no other", func() {
		Expect(w.run(worker.ID, "exec tail /dev/zero")).To(exitWith(137))
	})

	It("has no more processes than its limit, and its neighbour's commands go on", func(ctx SpecContext) {
		before := w.latency(neighbour.ID)
		w.detached(ctx, worker.ID, "perl", "-e", "fork while 1")
		Eventually(func() uint64 { return w.processes(ctx, worker.ID) }).Should(BeEquivalentTo(small().Pids))
		during := w.latency(neighbour.ID)
		Expect(w.processes(ctx, worker.ID)).To(BeEquivalentTo(small().Pids), "it goes on")
		GinkgoWriter.Println("a command takes", before, "before, and", during, "beside the bomb")
		Expect(during.Seconds() / before.Seconds()).To(BeNumerically("<", 10))

		By("its end")
		Expect(w.api.ContainerKill(ctx, worker.ID, "KILL")).To(Succeed())
		Eventually(func() spec.PoolStatus { return w.status(pool) }).Should(And(HaveField("Ready", 2), HaveField("Failed", 1)))
	})
})

// burn has eight processes compute for a second, and says how long that took, how much
// of the CPU they had, and how often they were held back.
const burn = `TIMEFORMAT='%R %U %S'
time (for i in 1 2 3 4 5 6 7 8; do timeout 1 bash -c 'while :; do :; done' & done; wait)
cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null | grep nr_throttled`

// latency is the median time that a command which does nothing takes.
func (e engine) latency(id string) time.Duration {
	GinkgoHelper()
	var took []time.Duration
	for range 11 {
		began := time.Now()
		Expect(e.run(id, "true")).To(exitWith(0))
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// detached starts a command in a container, and leaves it.
func (e engine) detached(ctx context.Context, id string, command ...string) {
	GinkgoHelper()
	created, err := e.api.ContainerExecCreate(ctx, id, docker.ExecOptions{Cmd: command})
	Expect(err).NotTo(HaveOccurred())
	Expect(e.api.ContainerExecStart(ctx, created.ID, docker.ExecStartOptions{Detach: true})).To(Succeed())
}

// processes are how many a container has, as the kernel counts them.
func (e engine) processes(ctx context.Context, id string) uint64 {
	GinkgoHelper()
	answer, err := e.api.ContainerStatsOneShot(ctx, id)
	Expect(err).NotTo(HaveOccurred())
	defer answer.Body.Close()
	var stats docker.StatsResponse
	Expect(json.NewDecoder(answer.Body).Decode(&stats)).To(Succeed())
	return stats.PidsStats.Current
}
