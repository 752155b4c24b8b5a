//go:build e2e

package e2e_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("converge", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("makes what is declared, ends with 0, and a second time changes nothing", func() {
		p := w.pool("ci", 3)
		withParent(p)
		file := w.write("pool.yaml", p)
		Expect(w.hal("converge", "-f", file)).To(exitWith(0))
		made := w.containers(p.Metadata.Name)
		Expect(made).To(HaveLen(5), "sandbox, parent and workers")
		Expect(made).To(HaveEach(HaveField("State", "running")))
		Expect(w.hal("converge", "-f", file)).To(exitWith(0))
		Expect(w.containers(p.Metadata.Name)).To(Equal(made))
	})

	It("counts a worker as ready when it is warmed up", func() {
		p := w.pool("ci", 1)
		p.Spec.Workers.Template.Warmup = &spec.Warmup{Exec: []string{"touch", "/tmp/warm"}}
		Expect(w.hal("converge", "-f", w.write("pool.yaml", p))).To(exitWith(0))
		Expect(w.run(w.workers(p.Metadata.Name)[0].ID, "test -e /tmp/warm")).To(exitWith(0))
	})

	It("leaves pools alone that are not in the manifests", func() {
		one, other := w.pool("one", 1), w.pool("other", 1)
		Expect(w.hal("converge", "-f", w.write("one.yaml", one))).To(exitWith(0))
		made := w.containers(one.Metadata.Name)
		Expect(w.hal("converge", "-f", w.write("other.yaml", other))).To(exitWith(0))
		Expect(w.containers(one.Metadata.Name)).To(Equal(made))
	})

	It("ends with 1, long before its time is out, when an image is missing", func() {
		p := w.pool("ci", 1)
		p.Spec.Workers.Template.Image = "hal-e2e/there-is-none"
		answer := w.hal("converge", "-f", w.write("pool.yaml", p), "--timeout", "1m")
		Expect(answer).To(And(exitWith(1), HaveField("Err", ContainSubstring("ImageMissing"))))
	})

	It("ends with 3 when its time is out, and says what is missing", func() {
		p := w.pool("ci", 1)
		p.Spec.Workers.Template.Readiness = &spec.Probe{Exec: []string{"false"}}
		answer := w.hal("converge", "-f", w.write("pool.yaml", p), "--timeout", "4s")
		Expect(answer).To(And(exitWith(3), HaveField("Err", ContainSubstring("0 of 1 warm workers ready"))))
	})

	It("ends with 2 for an invalid manifest, names the place, and makes nothing", func() {
		p := w.pool("ci", 1)
		p.Spec.Workers.Max = pointer(0)
		file := w.write("pool.yaml", p)
		Expect(w.hal("converge", "-f", file)).
			To(And(exitWith(2), HaveField("Err", MatchRegexp(`pool\.yaml:\d+:\d+: spec\.workers\.`))))
		Expect(w.containers("")).To(BeEmpty())
	})

	It("ends with 4 when no engine answers", func() {
		answer := w.hal("converge", "-f", w.write("pool.yaml", w.pool("ci", 1)), "--host", "unix:///nonexistent")
		Expect(answer).To(And(exitWith(4), HaveField("Err", ContainSubstring("unix:///nonexistent"))))
	})
})
