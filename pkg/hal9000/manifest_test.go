package hal9000

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// poolOf is the pool of a plan's manifest, which must be valid without a warning.
func poolOf(volumes ...string) *spec.Pool {
	GinkgoHelper()
	manifest, err := MakePlan(Request{Volumes: volumes, People: known()}).Manifest("moved")
	Expect(err).NotTo(HaveOccurred())
	objects, problems := spec.Load("pool.yaml", manifest)
	Expect(problems).To(BeEmpty())
	Expect(objects).To(HaveLen(1))
	return objects[0].Pool
}

var _ = Describe("The manifest of a plan", func() {
	It("has the volumes where HAL-9000's containers had them", func() {
		pool := poolOf("hal9000-chromadb", "hal9000-plugins", "hal9000-claude-home-2bd806c9", "hal9000-memory-bank-2bd806c9")
		Expect(pool.Metadata.Name).To(Equal("moved"))
		Expect(pool.Spec.Parent.Volumes).To(ConsistOf(spec.VolumeMount{Name: chromaDB, Target: "/data/chromadb", Scope: spec.ScopePool}))
		Expect(pool.Spec.Services[0].Volumes).To(ConsistOf(spec.VolumeMount{Name: memoryBank, Target: "/data/memory-bank", Scope: spec.ScopePool}))
		Expect(pool.Spec.Workers.Template.Volumes).To(ConsistOf(
			spec.VolumeMount{Name: claudeHome, Target: "/home/claude/.claude", Scope: spec.ScopeUser},
			spec.VolumeMount{Name: ownMemoryBank, Target: "/data/memory-bank", Scope: spec.ScopeUser},
			spec.VolumeMount{Name: plugins, Target: "/data/plugins", Scope: spec.ScopePool, ReadOnly: true}))
	})
	It("has no volumes that nothing is copied into, but for those that every pool with a parent wants", func() {
		pool := poolOf("hal9000-logs")
		Expect(pool.Spec.Volumes).To(HaveExactElements(HaveField("Name", chromaDB), HaveField("Name", memoryBank)))
		Expect(pool.Spec.Workers.Template.Volumes).To(HaveExactElements(HaveField("Name", claudeHome)))
	})
	It("keeps the data when the pool is deleted", func() {
		for _, v := range poolOf("hal9000-chromadb", "hal9000-plugins").Spec.Volumes {
			Expect(v.Reclaim).To(Equal(spec.ReclaimRetain), v.Name)
		}
	})
})
