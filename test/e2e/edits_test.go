//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/volume"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("The manifest of a running controller", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	DescribeTable("is in force soon after an edit by", func(save func(path string, content []byte)) {
		p := w.pool("edit", 1)
		file := w.write("pool.yaml", p)
		w.start(file)
		w.settle(p.Metadata.Name, 1)
		for _, warm := range []int{2, 1} { // an edit may end the watch for the next
			p.Spec.Workers.Warm = warm
			save(file, text(p))
			w.settle(p.Metadata.Name, warm)
		}
	},
		Entry("writing it in place", func(path string, content []byte) {
			Expect(os.WriteFile(path, content, 0o644)).To(Succeed())
		}),
		Entry("writing another and renaming it", func(path string, content []byte) {
			Expect(os.WriteFile(path+".new", content, 0o644)).To(Succeed())
			Expect(os.Rename(path+".new", path)).To(Succeed())
		}),
		Entry("moving it away and writing it anew, as vim does", func(path string, content []byte) {
			Expect(os.Rename(path, path+"~")).To(Succeed())
			Expect(os.WriteFile(path, content, 0o644)).To(Succeed())
			Expect(os.Remove(path + "~")).To(Succeed())
		}),
		Entry("sed -i", func(path string, content []byte) {
			_, after, _ := strings.Cut(string(content), "warm: ")
			Expect(exec.Command("sed", "-i", "s/warm: .*/warm: "+after[:1]+"/", path).Run()).To(Succeed())
		}),
	)

	DescribeTable("is in force soon after a swap of", func(link, file, source string) {
		p := w.pool("link", 1)
		swap := func(version string) {
			GinkgoHelper()
			Expect(os.Mkdir(filepath.Join(w.dir, version), 0o755)).To(Succeed())
			w.write(filepath.Join(version, "pool.yaml"), p)
			Expect(os.Symlink(version, filepath.Join(w.dir, "..next"))).To(Succeed())
			Expect(os.Rename(filepath.Join(w.dir, "..next"), filepath.Join(w.dir, link))).To(Succeed())
		}
		swap("..1")
		if file != "" {
			Expect(os.Symlink(filepath.Join(link, "pool.yaml"), filepath.Join(w.dir, file))).To(Succeed())
		}
		w.start(filepath.Join(w.dir, source))
		w.settle(p.Metadata.Name, 1)
		for i, version := range []string{"..2", "..3"} {
			p.Spec.Workers.Warm = 2 - i
			swap(version)
			w.settle(p.Metadata.Name, 2-i)
		}
	},
		Entry("the ..data link that a mounted ConfigMap's files go through", "..data", "pool.yaml", "."),
		Entry("the current link of a git-sync directory", "current", "", "current"),
	)

	DescribeTable("stays in force, with the place of the mistake in its condition, when an edit", func(spoil func([]byte) []byte, place string) {
		p := w.pool("kept", 2)
		file := w.write("pool.yaml", p)
		w.start(file)
		before := w.settle(p.Metadata.Name, 2)
		p.Spec.Workers.Warm = 0
		w.writeText("pool.yaml", spoil(text(p)))
		Expect(w.awaitCondition(p.Metadata.Name, spec.ConditionManifestValid, "False", spec.ReasonManifestInvalid)).To(MatchRegexp(place))
		Consistently(func() []container { return w.workers(p.Metadata.Name) }).Should(Equal(before))
		Expect(w.condition(p.Metadata.Name, spec.ConditionReady)).To(HaveField("Status", "True"))
		By("and the next good edit is in force")
		p.Spec.Workers.Warm = 1
		w.write("pool.yaml", p)
		w.settle(p.Metadata.Name, 1)
		w.awaitCondition(p.Metadata.Name, spec.ConditionManifestValid, "True", spec.ReasonManifestLoaded)
	},
		Entry("misspells a key", func(text []byte) []byte {
			return []byte(strings.Replace(string(text), "warm:", "worm:", 1))
		}, `pool\.yaml:\d+:\d+: .*worm`),
		Entry("is half done", func(text []byte) []byte { return text[:len(text)/3] }, `pool\.yaml:\d+`),
		Entry("empties it", func([]byte) []byte { return nil }, `pool\.yaml`),
	)

	It("drains a pool when its file goes from the directory, and reclaims its volumes as it said", func(ctx SpecContext) {
		stays, goes := w.pool("stays", 1), w.pool("goes", 1)
		goes.Spec.Volumes = []spec.Volume{{Name: "kept"}, {Name: "gone", Reclaim: spec.ReclaimDelete}}
		for _, v := range goes.Spec.Volumes {
			goes.Spec.Workers.Template.Volumes = append(goes.Spec.Workers.Template.Volumes, spec.VolumeMount{Name: v.Name, Target: "/data/" + v.Name})
		}
		w.write("stays.yaml", stays)
		file := w.write("goes.yaml", goes)
		w.start(w.dir)
		before := w.settle(stays.Metadata.Name, 1)
		w.settle(goes.Metadata.Name, 1)
		prefix := "hal-" + goes.Metadata.Name + "-"
		Expect(w.volumes(ctx)).To(ConsistOf(prefix+"gone", prefix+"kept"))
		By("a mistake elsewhere: nothing can be known to be gone")
		w.writeText("broken.yaml", []byte("kind: Pool"))
		Expect(os.Remove(file)).To(Succeed())
		Consistently(func() []container { return w.workers(goes.Metadata.Name) }).Should(HaveLen(1))
		By("a clean directory")
		Expect(os.Remove(filepath.Join(w.dir, "broken.yaml"))).To(Succeed())
		Eventually(func() []container { return w.containers(goes.Metadata.Name) }).Should(BeEmpty())
		Eventually(func() []string { return w.networks(ctx) }).Should(ConsistOf("hal-" + stays.Metadata.Name))
		Eventually(func() []string { return w.volumes(ctx) }).Should(ConsistOf(prefix + "kept"))
		Expect(w.workers(stays.Metadata.Name)).To(Equal(before))
	})
})

// volumes of the instance, by name.
func (w *world) volumes(ctx context.Context) []string {
	GinkgoHelper()
	found, err := w.api.VolumeList(ctx, volume.ListOptions{Filters: w.ours("")})
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, v := range found.Volumes {
		names = append(names, v.Name)
	}
	return names
}
