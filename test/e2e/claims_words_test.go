//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("A claim by its name", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool, project string
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("named", 3)
		p.Spec.Workers.Template.Command = []string{"sh", "-c", "echo one; echo two; trap 'exit 0' TERM; sleep infinity & wait"}
		pool = p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 3)
		project = w.project("named", amy)
		w.bound(amy, pool, "amys", "--project", project)
		w.bound(amy, pool, "amys-other")
		w.bound(bob, pool, "bobs")
	})

	It("is copied into and out of", func() {
		Expect(os.Chown(w.projects(), amy, amy)).To(Succeed())
		here := w.project("here", amy)
		Expect(w.as(amy, "cp", here, "amys:")).To(Equal(outcome{}))
		Expect(tree(filepath.Join(project, "here"))).To(HaveLen(4), "and what the worker writes is hers")
		Expect(ownersOf(filepath.Join(project, "here", "sub", "file"))).To(Equal([]uint32{amy, amy}))
		Expect(w.inside(amy, "amys", "echo changed > here/sub/file; mkdir /tmp/out; echo out > /tmp/out/file")).To(Equal(outcome{}))
		Expect(w.as(amy, "cp", "amys:here/.", here)).To(Equal(outcome{}))
		Expect(os.ReadFile(filepath.Join(here, "sub", "file"))).To(BeEquivalentTo("changed\n"))
		Expect(w.as(amy, "cp", "amys:/tmp/out", w.projects())).To(Equal(outcome{}))
		Expect(ownersOf(filepath.Join(w.projects(), "out", "file"))).To(Equal([]uint32{amy, amy}))
		Expect(w.as(amy, "cp", "amys:none", here)).To(refuse("copy amys:none"))
		Expect(w.as(amy, "cp", filepath.Join(here, "none"), "amys:")).To(refuse("no such file"))
		Expect(w.as(amy, "cp", here, "amy:")).To(refuse(`no claim "amy": did you mean "amys"?`))
		Expect(w.as(amy, "cp", here, filepath.Join(w.projects(), "x"))).To(exitWith(2))
		Expect(w.as(amy, "cp", here, "bobs:")).To(refuse("another person's"))
		Expect(w.as(amy, "cp", "amys:/workspace", filepath.Join(w.projects(), "gone", "x"))).To(exitWith(1))
	})

	It("has the output of its worker", func() {
		Expect(w.as(amy, "logs", "amys")).To(Equal(outcome{0, "one\ntwo\n", ""}))
		Expect(w.as(amy, "logs", "amys", "--tail", "1")).To(Equal(outcome{0, "two\n", ""}))
		Expect(w.as(amy, "logs", "amy")).To(And(exitWith(1), HaveField("Out", BeEmpty()), HaveField("Err", ContainSubstring(`"amy"`))))
		follow := w.onTerminalAs(amy, "logs", "amys-other", "-f")
		Eventually(follow.out).Should(gbytes.Say("two"))
		Expect(w.as(amy, "release", "amys-other")).To(exitWith(0))
		Eventually(follow.ended).Should(Receive(BeZero()), "its end is the end of that")
		w.bound(amy, pool, "amys-other")
	})

	It("is sent a text, as are all of a person's that have a session", func() {
		for _, name := range []string{"amys", "amys-other"} {
			Expect(w.as(amy, "send", name, "x")).To(refuse("hal attach " + name))
		}
		Expect(w.as(amy, "send", "--all", pool, "x").Out).To(Equal("sent to 0 of pool/" + pool + "\n"))
		for uid, names := range map[int][]string{amy: {"amys", "amys-other"}, bob: {"bobs"}} {
			for _, name := range names {
				Expect(w.inside(uid, name, "tmux new-session -d -s hal")).To(Equal(outcome{}))
			}
		}
		said := func(uid int, name string) func() string {
			return func() string { return w.inside(uid, name, "cat /tmp/said 2>/dev/null || true").Out }
		}
		Expect(w.as(amy, "send", "--all", pool, "echo $((6*7)) >>", "/tmp/said")).To(Equal(outcome{0, "sent to 2 of pool/" + pool + "\n", ""}))
		Eventually(said(amy, "amys")).Should(Equal("42\n"))
		Eventually(said(amy, "amys-other")).Should(Equal("42\n"))
		Expect(w.as(0, "send", "--all", pool, "echo root >> /tmp/said")).To(Equal(outcome{0, "sent to 3 of pool/" + pool + "\n", ""}))
		Eventually(said(bob, "bobs")).Should(Equal("root\n"), "and never what was for amy's")
		Expect(w.as(amy, "send", "--all", pool+"x", "x")).To(refuse(pool))
	})

	DescribeTable("is completed in the shell",
		func(words []string, claims ...string) {
			answer := w.as(amy, append([]string{"__completeNoDesc"}, words...)...)
			Expect(answer).To(exitWith(0))
			lines := strings.Split(strings.TrimSpace(answer.Out), "\n")
			Expect(lines).To(ContainElements(claims))
		},
		Entry("exec", []string{"exec", ""}, "amys", "amys-other"),
		Entry("exec, begun", []string{"exec", "amys-"}, "amys-other"),
		Entry("attach", []string{"attach", ""}, "amys", "amys-other"),
		Entry("send", []string{"send", ""}, "amys", "amys-other"),
		Entry("extend", []string{"extend", ""}, "amys", "amys-other"),
		Entry("release", []string{"release", ""}, "amys", "amys-other"),
		Entry("a second one of release", []string{"release", "amys", ""}, "amys-other"),
		Entry("logs", []string{"logs", ""}, "amys", "amys-other"),
		Entry("cp", []string{"cp", ""}, "amys:", "amys-other:"),
		Entry("get claims", []string{"get", "claims", ""}, "amys", "amys-other"),
		Entry("describe", []string{"describe", "claim/"}, "claim/amys", "claim/amys-other"),
	)
})
