//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/types"

	"hal-controller/pkg/spec"
)

var _ = Describe("A claim", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool string
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("claims", 3)
		withOwn(p)
		pool = p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 3)
	})

	DescribeTable("has the project in its workspace: the worker's user's inside, and its owner's outside",
		func(uid int, name string) {
			project := w.project(name, amy)
			w.bound(uid, pool, name, "--project", project)
			Expect(w.inside(uid, name, "cat sub/file; stat -c %u:%g . sub sub/file; pwd")).
				To(Equal(outcome{0, "of " + name + "\n1001:1001\n1001:1001\n1001:1001\n/workspace\n", ""}))
			Expect(w.inside(uid, name, "mkdir new && echo made > new/file && echo more >> sub/file && rm link")).To(exitWith(0))
			Expect(ownersOf(filepath.Join(project, "new"))).To(Equal([]uint32{amy, amy}))
			Expect(ownersOf(filepath.Join(project, "new", "file"))).To(Equal([]uint32{amy, amy}))
			Expect(os.ReadFile(filepath.Join(project, "sub", "file"))).To(BeEquivalentTo("of " + name + "\nmore\n"))
			Expect(w.as(uid, "release", name)).To(exitWith(0))
		},
		Entry("that of whoever claims", amy, "mine"),
		Entry("that which root claims for a person", 0, "theirs"),
	)

	It("is the same when it is claimed again, and no other", func() {
		project := w.project("again", amy)
		first := w.bound(amy, pool, "again", "--project", project)
		again := w.bound(amy, pool, "again", "--project", project)
		Expect(again.ContainerID).To(Equal(first.ContainerID))
		Expect(w.as(amy, "claim", pool, "--name", "again")).To(refuse("has " + project + " in its workspace"))
		Expect(w.as(bob, "claim", pool, "--name", "again")).To(refuse("another person's"))
		Expect(w.as(amy, "release", "again")).To(exitWith(0))
		Expect(w.container(pool, first.Container)).To(BeZero(), "it has been removed")
	})

	It("has the directories of its owner, whose they stay, and nobody else's", func() {
		w.bound(amy, pool, "one")
		w.bound(bob, pool, "other")
		Expect(w.inside(amy, "one", "echo secret > /own/token && stat -c %u /own")).To(Equal(outcome{0, "1001\n", ""}))
		Expect(w.inside(bob, "other", "ls /own")).To(Equal(outcome{}))
		Expect(w.as(amy, "release", "one")).To(exitWith(0))
		w.bound(amy, pool, "two")
		Expect(w.inside(amy, "two", "cat /own/token").Out).To(Equal("secret\n"))
		var kept []string
		Expect(filepath.WalkDir(w.state(), func(path string, _ os.DirEntry, err error) error {
			if filepath.Base(path) == "token" && !strings.Contains(path, "/slots/") {
				kept = append(kept, path)
			}
			return err
		})).To(Succeed())
		Expect(kept).To(HaveLen(1))
		Expect(ownersOf(kept[0])).To(Equal([]uint32{amy, amy}))
		Expect(w.as(amy, "release", "two")).To(exitWith(0))
		Expect(w.as(bob, "release", "other")).To(exitWith(0))
	})

	It("is its person's and root's to use, and nobody else's", func() {
		w.bound(amy, pool, "private")
		for _, args := range [][]string{
			{"exec", "private", "--", "id"},
			{"attach", "private"},
			{"send", "private", "id"},
			{"cp", "private:/etc/passwd", "/tmp/never"},
			{"logs", "private"},
			{"release", "private"},
			{"extend", "private", "--by", "1h"},
		} {
			p := w.onTerminalAs(bob, args...)
			Eventually(p.ended).Should(Receive(Equal(1)), "%q", args)
			Expect(p.out).To(gbytes.Say("another person's"), "%q", args)
		}
		Expect(w.claims()).To(HaveKeyWithValue("private", HaveField("Phase", "Bound")))
		Expect(w.hal("exec", "private", "--", "echo", "root")).To(Equal(outcome{0, "root\n", ""}))
		Expect(w.hal("extend", "private", "--by", "1h")).To(exitWith(0))
		Expect(w.hal("release", "private")).To(exitWith(0))
		audit, err := filepath.Glob(filepath.Join(w.state(), "*", "*", "audit.log"))
		Expect(err).NotTo(HaveOccurred())
		Expect(audit).To(HaveLen(1))
		lines, err := os.ReadFile(audit[0])
		Expect(err).NotTo(HaveOccurred())
		Expect(lines).To(And(
			MatchRegexp(`"uid":1235,"what":"exec","claim":"private".*"outcome":"refused"`),
			MatchRegexp(`"uid":1235,"what":"release","claim":"private".*"outcome":"refused"`),
			MatchRegexp(`"uid":0,"what":"release","claim":"private".*"outcome":"done"`)))
	})

	It("ends when its time is over, unless that is moved", func() {
		w.bound(amy, pool, "brief", "--ttl", "1s")
		w.bound(amy, pool, "longer", "--ttl", "1s")
		Expect(w.as(amy, "extend", "longer", "--by", "1h")).To(exitWith(0))
		Eventually(w.claims).ShouldNot(HaveKey("brief"))
		Expect(w.claims()).To(HaveKey("longer"))
		Expect(w.as(amy, "release", "longer")).To(exitWith(0))
	})

	DescribeTable("is refused what no worker may see, in a sentence, and leaves nothing behind",
		func(project func() string, reason string) {
			Expect(w.as(amy, "claim", pool, "--name", "refused", "--project", project())).To(refuse(reason))
			Expect(w.hal("claim", pool, "--name", "refused", "--project", project())).To(exitWith(1))
			Expect(w.claims()).NotTo(HaveKey("refused"))
			w.settle(pool, 3)
		},
		Entry("the whole file system", at("/"), "the whole file system"),
		Entry("the machine's own", at("/etc"), "no worker may see"),
		Entry("the engine's", at("/var/lib/docker"), ""),
		Entry("the state directory", func() string { return w.state() }, ""),
		Entry("a link to the machine's own", func() string {
			link := filepath.Join(w.projects(), "etc")
			_ = os.Symlink("/etc", link) // it may be there
			return link
		}, "it leads to /etc"),
		Entry("what is outside of the roots", at("/var/tmp"), "outside of where projects may be"),
		Entry("what is not there", func() string { return filepath.Join(w.projects(), "none") }, "no such directory"),
		Entry("a file", func() string { return filepath.Join(w.projects(), "mine", "sub", "file") }, "not a directory"),
	)

	It("is refused where the pool is not, with the nearest", func() {
		Expect(w.as(amy, "claim", pool+"x", "--name", "refused")).To(refuse(`did you mean "` + pool + `"?`))
	})

	It("has its place taken at once", func() {
		before := time.Now()
		w.bound(amy, pool, "refill")
		Eventually(func() []container { return w.workers(pool) }).WithTimeout(time.Second).Should(HaveLen(4))
		Expect(time.Since(before)).To(BeNumerically("<", time.Second))
		Expect(w.as(amy, "release", "refill")).To(exitWith(0))
	})

	It("gives the project back as it is, though a process writes to it", func() {
		project := w.project("written", amy)
		w.bound(amy, pool, "written", "--project", project)
		p := w.begin("exec", "written", "--", "sh", "-c", "echo ready; i=0; while :; do i=$((i+1)); echo $i > new.$i; done")
		Eventually(p.out).Should(gbytes.Say("ready"))
		before := tree(project)
		Expect(w.as(amy, "release", "written")).To(exitWith(0))
		Eventually(p.ended).Should(Receive())
		after := tree(project)
		for path, what := range before {
			if !strings.Contains(path, "/new.") || len(after[path]) == 0 { // the last one was being written
				Expect(after).To(HaveKeyWithValue(path, what))
			}
		}
		Expect(w.workers(pool)).NotTo(ContainElement(HaveField("Name", HaveSuffix(".written"))))
		slots := w.slots()
		Eventually(func() int { return len(w.workers(pool)) }).Should(Equal(3))
		Expect(len(slots)).To(BeNumerically("<=", 4), "those of the released worker are gone")
	})

	It("is never rolled out, scaled away, or deleted with its pool", func() {
		project := w.project("sacred", amy)
		c := w.bound(amy, pool, "sacred", "--project", project)
		p := w.pool("claims", 1)
		withOwn(p)
		p.Spec.Workers.Template.Env = []spec.EnvVar{{Name: "NEW", Value: "yes"}}
		w.edit("pool.yaml", p)
		Eventually(func() spec.PoolStatus { return w.status(pool) }).Should(And(HaveField("Ready", 1), HaveField("Claimed", 1), WithTransform(settled, BeTrue())))
		Expect(w.hal("scale", pool, "--warm", "0")).To(exitWith(0))
		Eventually(func() int { return len(w.workers(pool)) }).Should(Equal(1))
		Expect(w.hal("delete", "pool", pool)).To(exitWith(0))
		w.awaitCondition(pool, spec.ConditionProgressing, "False", spec.ReasonBlockedByClaims)
		Expect(w.container(pool, c.Container).ID).To(Equal(c.ContainerID))
		Expect(w.inside(amy, "sacred", "cat sub/file").Out).To(Equal("of sacred\n"))
		Expect(w.as(amy, "claim", pool, "--name", "late")).To(exitWith(1))
		Expect(w.as(amy, "release", "sacred")).To(exitWith(0))
		Eventually(func() []container { return w.containers("") }).Should(BeEmpty())
		Expect(filepath.Join(project, "sub", "file")).To(BeAnExistingFile())
	})
})

// refuse matches an answer of no that says why.
func refuse(reason string) types.GomegaMatcher {
	return And(exitWith(1), HaveField("Err", ContainSubstring(reason)))
}

func at(path string) func() string { return func() string { return path } }

// onTerminalAs starts a command line of another user's on a terminal of its own.
func (w *world) onTerminalAs(uid int, args ...string) *person {
	GinkgoHelper()
	return onTerminal(w.commandAs(context.Background(), uid, args...))
}
