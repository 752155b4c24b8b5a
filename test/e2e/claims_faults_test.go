//go:build e2e

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

// pause waits a moment that is another one each time, up to some 60 ms.
func pause(i int) {
	time.Sleep(time.Duration(i%30)*2*time.Millisecond + time.Duration(rand.IntN(2000))*time.Microsecond)
}

var _ = Describe("A claim with a project", func() {
	// has says that a claim's worker runs with its project, and that this is written to.
	has := func(w *world, name, project string) {
		GinkgoHelper()
		Eventually(func() string { return w.inside(amy, name, "cat sub/file").Out }).Should(Equal("of " + filepath.Base(project) + "\n"))
		mark := fmt.Sprint(time.Now().UnixNano())
		Expect(w.inside(amy, name, "echo "+mark+" > mark")).To(exitWith(0))
		Expect(os.ReadFile(filepath.Join(project, "mark"))).To(BeEquivalentTo(mark + "\n"))
		Expect(ownersOf(filepath.Join(project, "mark"))).To(Equal([]uint32{amy, amy}))
	}

	It("outlives the end of its worker, of the controller, and the loss of its record", func(ctx SpecContext) {
		w := newWorld()
		p := w.pool("faults", 1)
		withOwn(p)
		pool := p.Metadata.Name
		file := w.write("pool.yaml", p)
		c := w.serve(file)
		w.settle(pool, 1)
		project := w.project("faults", amy)
		claim := w.bound(amy, pool, "faults", "--project", project)
		Expect(w.inside(amy, "faults", "echo mine > /own/mine")).To(exitWith(0))
		has(w, "faults", project)
		By("its worker is killed, and again as soon as it runs")
		for range 3 {
			restarted(w, pool, claim, func() {
				Expect(w.api.ContainerKill(ctx, claim.ContainerID, "KILL")).To(Succeed())
			})
		}
		has(w, "faults", project)
		By("its worker is restarted by hand")
		Expect(w.api.ContainerRestart(ctx, claim.ContainerID, docker.StopOptions{})).To(Succeed())
		has(w, "faults", project)
		By("the controller is killed, and its worker while nobody looks")
		c.kill()
		Expect(w.api.ContainerKill(ctx, claim.ContainerID, "KILL")).To(Succeed())
		c = w.serve(file)
		has(w, "faults", project)
		By("the record is lost")
		c.kill()
		records, err := filepath.Glob(filepath.Join(w.state(), "*", "*", "claims"))
		Expect(err).NotTo(HaveOccurred())
		Expect(records).To(HaveLen(1))
		Expect(os.RemoveAll(records[0])).To(Succeed())
		w.serve(file)
		Expect(w.claims()).To(HaveKeyWithValue("faults", And(
			HaveField("Phase", "Bound"), HaveField("ContainerID", claim.ContainerID), HaveField("User", ""),
			HaveField("Message", ContainSubstring("record was lost")))))
		Expect(w.hal("events", "--for", "pool/"+pool).Out).To(ContainSubstring("ClaimRecovered"))
		Expect(w.inside(amy, "faults", "true")).To(exitWith(1), "it is nobody's")
		Expect(w.inside(0, "faults", "cat sub/file /own/mine").Out).To(Equal("of faults\nmine\n"))
		By("a worker that nobody is known to have is killed")
		restarted(w, pool, claim, func() {
			Expect(w.api.ContainerKill(ctx, claim.ContainerID, "KILL")).To(Succeed())
		})
		Expect(w.inside(0, "faults", "cat sub/file /own/mine").Out).To(Equal("of faults\nmine\n"))
		Expect(w.hal("release", "faults")).To(exitWith(0))
		w.settle(pool, 1)
		Expect(filepath.Join(project, "sub", "file")).To(BeAnExistingFile())
	})

	It("loses nothing of its project when the state directory is removed, and is known by its worker's name", func() {
		w := newWorld()
		p := w.pool("statelost", 1)
		pool := p.Metadata.Name
		file := w.write("pool.yaml", p)
		c := w.serve(file)
		w.settle(pool, 1)
		project := w.project("statelost", amy)
		w.bound(amy, pool, "fix", "--project", project)
		before := tree(project)
		w.forgetState()
		Expect(tree(project)).To(Equal(before))
		c.kill()
		w.serve(file)
		Eventually(func() string { return w.claims()["fix"].Message }).Should(ContainSubstring("its record was lost"))
		Expect(w.inside(0, "fix", "cat sub/file").Out).To(Equal("of statelost\n"))
		Expect(w.hal("release", "fix")).To(exitWith(0))
		Expect(tree(project)).To(Equal(before))
	})

	It("is there as a whole or not at all, whenever the controller is killed", func() {
		w := newWorld()
		p := w.pool("kills", 3)
		p.Spec.Workers.Max = pointer(6)
		pool := p.Metadata.Name
		file := w.write("pool.yaml", p)
		c := w.serve(file)
		w.settle(pool, 3)
		w.neverMoreThan(pool, 6)
		outcomes := map[string]int{}
		for i := range 24 {
			name := fmt.Sprintf("c%d", i)
			project := w.project(name, amy)
			claim := w.begin("claim", pool, "--name", name, "--project", project, "--on-empty", "queue")
			pause(i)
			c.kill()
			var code int
			Eventually(claim.ended).Should(Receive(&code))
			c = w.serve(file)
			Eventually(func() []string { return phases(w) }).Should(HaveEach("Bound"))
			bound, exists := w.claims()[name]
			if code == 0 {
				Expect(exists).To(BeTrue(), "it was told to be bound")
			}
			if !exists {
				outcomes["nothing"]++
				Expect(w.workers(pool)).NotTo(ContainElement(HaveField("Name", HaveSuffix("."+name))))
				continue
			}
			outcomes["bound"]++
			Expect(w.inside(0, name, "cat sub/file").Out).To(Equal("of " + name + "\n"))
			again := w.bound(0, pool, name, "--project", project)
			Expect(again.ContainerID).To(Equal(bound.ContainerID))
			Expect(w.hal("release", name)).To(exitWith(0))
		}
		GinkgoWriter.Println(outcomes)
		w.settle(pool, 3)
		Expect(w.claims()).To(BeEmpty())
	})

	DescribeTable("outlives the engine", func(ctx SpecContext, end func(w *world, e *ownEngine, c *controller, file string)) {
		own := newOwnEngine()
		own.loadFrom(ctx, theEngine().api, chromaImage)
		w := newWorldOn(own.seen)
		p := w.pool("engine", 1)
		p.Spec.Workers.Template.Image = chromaImage
		p.Spec.Workers.Template.Command = []string{"sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"}
		// Nothing else has to run before it: so it is the first that is looked at.
		p.Spec.Network.Mode = spec.NetworkBridge
		withOwn(p)
		pool := p.Metadata.Name
		file := w.write("pool.yaml", p)
		c := w.serve(file)
		w.settle(pool, 1)
		project := w.project("engine", amy)
		claim := w.bound(amy, pool, "engine", "--project", project)
		Expect(w.inside(amy, "engine", "cd /workspace; echo mine > /own/mine")).To(exitWith(0))
		// A start that the engine's end cuts off is another story.
		Eventually(func() spec.PoolStatus { return w.status(pool) }).Should(HaveField("Ready", 1))
		end(w, own, c, file)
		Eventually(func() string { return w.inside(amy, "engine", "cat /workspace/sub/file /own/mine").Out }).Should(Equal("of engine\nmine\n"))
		Expect(w.inside(amy, "engine", "echo x > /workspace/mark")).To(exitWith(0))
		Expect(ownersOf(filepath.Join(project, "mark"))).To(Equal([]uint32{amy, amy}))
		Expect(w.claims()).To(HaveKeyWithValue("engine", And(HaveField("Phase", "Bound"), HaveField("ContainerID", claim.ContainerID))))
		Eventually(func() spec.PoolStatus { return w.status(pool) }).
			Should(And(HaveField("Ready", 1), HaveField("Claimed", 1), WithTransform(settled, BeTrue())))
	},
		Entry("that is restarted", func(_ *world, e *ownEngine, _ *controller, _ string) {
			e.stop(syscall.SIGTERM)
			e.start()
			e.await()
		}),
		Entry("that is killed", func(_ *world, e *ownEngine, _ *controller, _ string) {
			e.stop(syscall.SIGKILL)
			e.start()
			e.await()
		}),
		Entry("and the machine: all ends, and no mount is left", func(w *world, e *ownEngine, c *controller, file string) {
			c.kill()
			e.stop(syscall.SIGTERM)
			w.forgetSlots()
			e.start()
			e.await()
			w.serve(file)
		}),
	)
})

// phases of all claims.
func phases(w *world) []string {
	var all []string
	for _, c := range w.claims() {
		all = append(all, c.Phase)
	}
	return append(all, "Bound") // a matcher wants one
}

// restarted returns when a claim's worker has been started again after something.
func restarted(w *world, pool string, claim api.Claim, after func()) {
	GinkgoHelper()
	before := w.container(pool, claim.Container).StartedAt
	after()
	Eventually(func() container { return w.container(pool, claim.Container) }).
		Should(And(HaveField("State", "running"), HaveField("StartedAt", Not(Equal(before)))))
}
