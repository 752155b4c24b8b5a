//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/project"
	"hal-controller/pkg/spec"
)

// Nobody is logged in to Claude Code here: it is asked for its version, or shows its
// screen and is left.
var _ = Describe("Claude on a project", Ordered, ContinueOnFailure, func() {
	var w *world
	var plain, golang string
	BeforeAll(func() {
		w = newWorld()
		p, g := w.claudePool("plain", workerImage, 2), w.claudePool("golang", workerImage+"-go", 1)
		plain, golang = p.Metadata.Name, g.Metadata.Name
		w.serve(w.write("pools.yaml", p, g))
		w.settle(plain, 2)
		w.settle(golang, 1)
	})
	AfterEach(func() {
		for name := range w.claims() {
			_ = w.hal("release", name) // it may have gone meanwhile
		}
		Eventually(w.claims).Should(BeEmpty())
	})

	It("has the pool that its build files ask for, or the one that it says itself", func() {
		dir := w.project("shop", amy)
		version := And(exitWith(0), HaveField("Out", MatchRegexp(`^\d+\.\d+\.\d+ \(Claude Code\)\n$`)))
		answer := w.as(amy, "claude", dir, "--", "--version")
		Expect(answer).To(version)
		Expect(answer.Err).To(Equal(dir + ": pool " + plain + ", its workers have hal/worker\n"))
		put(filepath.Join(dir, "go.mod"), "module shop\n")
		answer = w.as(amy, "claude", dir, "--", "--version")
		Expect(answer).To(version)
		Expect(answer.Err).To(Equal(dir + ": pool " + golang + ", for go.mod: its workers have hal/worker-go\n"))
		put(filepath.Join(dir, ".hal.yaml"), "pool: "+plain+"\n")
		answer = w.as(amy, "claude", dir, "--", "--version")
		Expect(answer).To(version)
		Expect(answer.Err).To(Equal(dir + ": pool " + plain + ", as .hal.yaml says\n"))
	})

	It("ends with what it is told to, and gives the worker back, whatever way it ends", func() {
		dir := w.project("ends", amy)
		Expect(w.as(amy, "claude", dir, "--", "--no-such-flag")).To(And(exitWith(1), HaveField("Err", ContainSubstring("unknown option"))))
		Eventually(w.claims).Should(BeEmpty())
		p := w.onTerminalAs(amy, "claude", dir)
		Eventually(p.out).Should(gbytes.Say("Claude Code"))
		Expect(w.claims()).To(HaveKeyWithValue("ends", HaveField("Project", dir)))
		p.leaves()
		Eventually(w.claims).Should(BeEmpty())
		killed := w.onTerminalAs(amy, "claude", dir)
		Eventually(killed.out).Should(gbytes.Say("Claude Code"))
		Expect(killed.process.Signal(syscall.SIGHUP)).To(Succeed()) // its window is closed
		Eventually(killed.ended).Should(Receive(Not(BeZero())))
		Eventually(w.claims).Should(BeEmpty())
	})

	It("goes on without its person, who comes back to it and ends it", func() {
		dir := w.project("away", amy)
		answer := w.as(amy, "claude", dir, "-d")
		Expect(answer).To(And(exitWith(0), HaveField("Out", "claim/away\n")))
		Expect(answer.Err).To(HaveSuffix("away: 'hal attach away' shows it, 'hal release away' ends it\n"))
		for range 2 {
			p := w.onTerminalAs(amy, "attach", "away")
			Eventually(p.out).Should(gbytes.Say("shift\\+tab"))
			p.typed("\x10\x11")
			Eventually(p.ended).Should(Receive(Equal(0)))
		}
		Expect(w.as(bob, "attach", "away")).NotTo(exitWith(0))
		Expect(w.as(amy, "claude", dir, "--", "--version")).To(exitWith(0), "another one has a worker of its own")
		Expect(w.claims()).To(HaveKey("away"))
		Expect(w.as(amy, "release", "away")).To(exitWith(0))
		Expect(w.claims()).NotTo(HaveKey("away"))
	})

	It("works on a branch of its own, whose commits come back to the repository", func() {
		dir := w.repository("repo", amy)
		p := w.onTerminalAs(amy, "claude", dir, "--branch", "fix")
		Eventually(p.out).Should(gbytes.Say("Claude Code"))
		Expect(w.claims()).To(HaveKeyWithValue("repo-fix", HaveField("Project", dir+"-fix")))
		Expect(w.inside(amy, "repo-fix", "git status --short && echo new > new && git add new && git commit --quiet -m two")).To(Equal(outcome{}))
		Expect(w.git(amy, dir, "branch", "--list", "fix")).To(BeEmpty())
		Expect(p.process.Signal(syscall.SIGHUP)).To(Succeed()) // a window that is closed loses no commit
		Eventually(p.ended).Should(Receive(Equal(128 + 1)))
		Eventually(p.out).Should(gbytes.Say("branch fix: 1 commit fetched into " + dir + "; its files are in " + dir + "-fix\r\n"))
		Expect(w.git(amy, dir, "log", "--format=%an: %s", "fix")).To(Equal("Amy: two\nAmy: one"))
		Expect(ownersOf(filepath.Join(dir+"-fix", "new"))).To(Equal([]uint32{amy, amy}))
		Expect(filepath.Join(dir, "new")).NotTo(BeAnExistingFile())
		By("again, left running: what it says brings the next commit")
		answer := w.as(amy, "claude", dir, "--branch", "fix", "-d", "--", "--version")
		Expect(answer).To(exitWith(0))
		_, command, found := strings.Cut(strings.TrimSpace(answer.Err), "comes with: ")
		Expect(found).To(BeTrue(), answer.Err)
		name := strings.TrimPrefix(strings.TrimSpace(answer.Out), "claim/")
		Expect(w.inside(amy, name, "git commit --quiet --allow-empty -m three")).To(Equal(outcome{}))
		Expect(w.as(amy, "release", name)).To(exitWith(0))
		fetch := exec.Command("sh", "-c", command)
		w.person(fetch, amy)
		said, err := fetch.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s: %s", command, said)
		Expect(w.git(amy, dir, "log", "--format=%s", "fix")).To(Equal("three\ntwo\none"))
		Expect(w.as(amy, "claude", dir, "--branch", "main", "--", "--version")).To(refuse("work there, without --branch"))
	})

	It("is a squad: one for each task, and a table of them", func() {
		dir := w.repository("squad", amy)
		file := filepath.Join(dir, "tasks.yaml")
		put(file, "pool: "+plain+"\ntasks:\n- {name: one, prompt: 'say one; and go', branch: one}\n- {name: two, prompt: --two}\n- {name: three, prompt: three, dir: nowhere}\n")
		answer := w.as(amy, "squad", "-f", file)
		Expect(answer).To(exitWith(1), "one could not be started")
		Expect(answer.Out).To(And(
			MatchRegexp(`^NAME +POOL +WORKER +DIRECTORY +MESSAGE\n`),
			MatchRegexp(`\none +`+plain+` +hal-`+plain+`-\d\.one +`+dir+`-one +-\n`),
			MatchRegexp(`\ntwo +`+plain+` +hal-`+plain+`-\d\.two +`+dir+` +-\n`),
			MatchRegexp(`\nthree +- +- +`+dir+`/nowhere +.*no such file or directory\n$`)))
		Expect(w.claims()).To(And(HaveLen(2), HaveKey("one"), HaveKey("two")))
		for name, prompt := range map[string]string{"one": "say one; and go", "two": "--two"} {
			Eventually(func() string { return w.inside(amy, name, "tmux capture-pane -p -t hal").Out }).Should(ContainSubstring(prompt))
		}
		Expect(w.as(amy, "release", "one", "two")).To(exitWith(0))
	})

	It("knows the person that has logged in once", func() {
		refused := w.onTerminalAs(amy, "login", golang)
		Eventually(refused.out).Should(gbytes.Say("Login"))
		refused.typed("\x1b") // out of the choice of logins
		refused.leavesWith(1)
		Eventually(refused.out).Should(gbytes.Say("you are not logged in"))
		Eventually(w.claims).Should(BeEmpty())
		p := w.onTerminalAs(amy, "login")
		Eventually(p.out).Should(gbytes.Say("Login"))
		Eventually(w.claims).Should(HaveKey("login"))
		Expect(w.inside(amy, "login", "echo {} > "+project.ClaudeHome+"/.credentials.json")).To(Equal(outcome{}))
		p.typed("\x1b")
		p.leaves()
		Eventually(p.out).Should(gbytes.Say("logged in: the workers that you claim from now on know you"))
		Eventually(w.claims).Should(BeEmpty())
		known := []string{"exec", "--claim-new", plain, "--", "test", "-s", project.ClaudeHome + "/.credentials.json"}
		Expect(w.as(amy, known...)).To(exitWith(0))
		Expect(w.as(bob, known...)).To(exitWith(1))
		Expect(w.as(amy, "login")).To(And(exitWith(2), HaveField("Err", ContainSubstring("terminal"))))
	})
})

// claudePool is a pool whose workers can show Claude's screen, and keep a login.
func (w *world) claudePool(name, image string, warm int) *spec.Pool {
	p := w.pool(name, warm)
	p.Spec.Workers.Template.Image = image
	p.Spec.Workers.Template.Resources.Memory = 512 << 20
	p.Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "claude-home", Target: project.ClaudeHome, Scope: spec.ScopeUser}}
	return p
}

// pasteOff is the last that Claude does to a terminal.
const pasteOff = "\x1b[?2004l"

// leaves presses Ctrl-C, which Claude wants twice, until it has ended well.
func (p *person) leaves() {
	GinkgoHelper()
	p.leavesWith(0)
}

func (p *person) leavesWith(code int) {
	GinkgoHelper()
	Eventually(func() chan int {
		if !strings.Contains(string(p.out.Contents()), pasteOff) { // later it would be for the program around it
			p.typed("\x03")
		}
		return p.ended
	}).WithPolling(300 * time.Millisecond).Should(Receive(Equal(code)))
}

// repository is a project of somebody's that is one of git's, with a commit.
func (w *world) repository(name string, uid int) string {
	GinkgoHelper()
	put(filepath.Join(w.projects(), ".gitconfig"), "[user]\n\tname = Amy\n\temail = amy@example.com\n[init]\n\tdefaultBranch = main\n")
	Expect(os.Chown(w.projects(), uid, uid)).To(Succeed()) // for what is beside it
	dir := w.project(name, uid)
	w.git(uid, dir, "init", "--quiet")
	w.git(uid, dir, "add", ".")
	w.git(uid, dir, "commit", "--quiet", "-m", "one")
	return dir
}

func (w *world) git(uid int, dir string, args ...string) string {
	GinkgoHelper()
	c := exec.Command("git", append([]string{"-C", dir}, args...)...)
	w.person(c, uid)
	out, err := c.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "git %q: %s", args, out)
	return strings.TrimSpace(string(out))
}

func put(path, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
}
