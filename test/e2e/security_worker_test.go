//go:build e2e

package e2e_test

import (
	"context"
	"path/filepath"

	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"hal-controller/pkg/state"
)

var _ = Describe("A worker of a pool that says nothing of security", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool string
	var worker container
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("plain", 1)
		withOwn(p)
		pool = p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 1)
		worker = w.container(pool, w.bound(amy, pool, "mine", "--project", w.project("mine", amy)).Container)
	})

	It("has no rights beyond those of a user who is not root, and no way to any", func() {
		By("its main process")
		Expect(w.run(worker.ID, "cat /proc/1/status")).To(HaveField("Out", confined()))
		By("what is run in it by hand")
		Expect(w.run(worker.ID, "cat /proc/self/status")).To(HaveField("Out", confined()))
		By("what its person runs in it")
		Expect(w.inside(amy, "mine", "cat /proc/self/status")).To(HaveField("Out", confined()))
		By("what that tries")
		Expect(w.inside(amy, "mine", "unshare --user --map-root-user true")).NotTo(exitWith(0))
		Expect(w.inside(amy, "mine", "mount -t tmpfs none /tmp")).NotTo(exitWith(0))
		Expect(w.inside(amy, "mine", "find / -xdev -perm /6000 -type f 2>/dev/null")).To(HaveField("Out", BeEmpty()))
	})

	It("has the limits that are declared, and no swap beside its memory", func() {
		limits := w.hostConfig(worker.ID).Resources
		Expect(limits.Memory).To(BeEquivalentTo(small().Memory))
		Expect(limits.MemorySwap).To(Equal(limits.Memory))
		Expect(limits.NanoCPUs).To(BeEquivalentTo(small().CPU * 1e6))
		Expect(limits.PidsLimit).To(HaveValue(BeEquivalentTo(small().Pids)))
	})

	It("has nothing of the host but what its claim binds", func() {
		Expect(w.hostConfig(worker.ID)).To(And(
			HaveField("Privileged", false), HaveField("Devices", BeEmpty()), HaveField("PidMode", BeEmpty()),
			HaveField("IpcMode", BeEquivalentTo("private")), HaveField("UTSMode", BeEmpty())))
		slots, err := filepath.Glob(state.Slots("*", w.instance))
		Expect(err).NotTo(HaveOccurred())
		Expect(slots).To(HaveLen(1))
		c, err := w.api.ContainerInspect(context.Background(), worker.ID)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Mounts).NotTo(BeEmpty())
		for _, m := range c.Mounts {
			Expect(m).To(And(HaveField("Type", mount.TypeBind), HaveField("Source", HavePrefix(slots[0]+"/"))))
		}
	})

	It("has no socket of an engine, and no file of the controller's", func() {
		Expect(w.auditLog()).To(BeAnExistingFile())
		found := w.inside(amy, "mine", "find / -path /proc -prune -o "+
			"'(' -type s -o -name audit.log -o -name docker.sock -o -path "+w.state()+" ')' -print 2>/dev/null")
		Expect(found.Out).To(BeEmpty())
	})
})

// confined matches the status of a process as a worker's must be.
func confined() types.GomegaMatcher {
	const none = `0000000000000000\n`
	return And(
		MatchRegexp(`Uid:\s+1001\s+1001\s+1001\s+1001\n`), MatchRegexp(`Gid:\s+1001\s+1001\s+1001\s+1001\n`),
		MatchRegexp(`CapInh:\s+`+none), MatchRegexp(`CapPrm:\s+`+none), MatchRegexp(`CapEff:\s+`+none),
		MatchRegexp(`CapBnd:\s+`+none), MatchRegexp(`CapAmb:\s+`+none),
		MatchRegexp(`NoNewPrivs:\s+1\n`), MatchRegexp(`Seccomp:\s+2\n`))
}

func (e engine) hostConfig(id string) *docker.HostConfig {
	GinkgoHelper()
	c, err := e.api.ContainerInspect(context.Background(), id)
	Expect(err).NotTo(HaveOccurred())
	return c.HostConfig
}
