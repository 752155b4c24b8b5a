package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// sessions remember what was run, as "CLAIM in DIRECTORY: COMMAND".
type sessions struct {
	mu  sync.Mutex
	ran []string
}

func (s *sessions) play(code int) func(context.Context, string, *fakeruntime.Process) int {
	return func(_ context.Context, claim string, p *fakeruntime.Process) int {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ran = append(s.ran, fmt.Sprintf("%s in %s: %q", claim, p.Spec.WorkDir, p.Spec.Command))
		return code
	}
}

// imagePool is one whose workers have an image.
func imagePool(name, image string) spec.Pool {
	p := readyPool(name)
	p.Spec.Workers.Template.Image = image
	p.Spec.Workers.Template.Workspace = spec.Workspace{Target: "/workspace"}
	return p
}

// shop is a project in Go with a commit on the branch main.
func shop() string {
	GinkgoHelper()
	dir, err := filepath.EvalSymlinks(GinkgoT().TempDir())
	Expect(err).NotTo(HaveOccurred())
	GinkgoT().Setenv("GIT_CONFIG_GLOBAL", filepath.Join(dir, "gitconfig"))
	GinkgoT().Setenv("GIT_CONFIG_SYSTEM", "/dev/null")
	project := filepath.Join(dir, "Shop")
	Expect(os.Mkdir(project, 0o755)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(project, "go.mod"), []byte("module shop\n"), 0o644)).To(Succeed())
	for _, args := range []string{
		"config --global user.name Amy", "config --global user.email amy@example.com",
		"init --quiet --initial-branch main", "add .", "commit --quiet --message one",
	} {
		git(project, strings.Fields(args)...)
	}
	return project
}

func git(dir string, args ...string) string {
	GinkgoHelper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "git %s: %s", args, out)
	return strings.TrimSpace(string(out))
}

var _ = Describe("claude", func() {
	var backend *fake.Backend
	var played *sessions
	var project string
	BeforeEach(func() {
		backend, played, project = &fake.Backend{}, &sessions{}, shop()
		backend.SetPools(imagePool("dev", "hal/worker"), imagePool("g", "hal/worker-go:1"))
		backend.OnSession(played.play(0))
		serving(backend)
	})

	It("runs in the workspace of a worker of the pool that fits, and releases it", func() {
		backend.OnSession(played.play(5))
		got := hal("claude", project, "--", "-p", "hi")
		Expect(got).To(Equal(outcome{err: project + ": pool g, for go.mod: its workers have hal/worker-go\n", code: 5}))
		Expect(played.ran).To(Equal([]string{`shop in /workspace: ["claude" "-p" "hi"]`}))
		Expect(backend.Calls()).To(Equal([]string{"claim g shop " + project, "release shop saved"}))
	})
	It("is about the directory that one is in, where none is said", func() {
		GinkgoT().Chdir(project)
		Expect(hal("claude", "--", "one", "two").code).To(Equal(exitYes))
		Expect(played.ran).To(Equal([]string{`shop in /workspace: ["claude" "one" "two"]`}))
		Expect(backend.Calls()).To(ContainElement("claim g shop " + project))
	})
	It("takes the pool that is said, or that the project says", func() {
		Expect(hal("claude", project, "--pool", "dev").err).To(ContainSubstring("pool dev, the one you named"))
		Expect(os.WriteFile(filepath.Join(project, ".hal.yaml"), []byte("pool: dev\n"), 0o644)).To(Succeed())
		Expect(hal("claude", project).err).To(ContainSubstring("pool dev, as .hal.yaml says"))
	})
	It("has the next name where one is taken", func() {
		backend.SetClaims(api.Claim{Name: "shop"}, api.Claim{Name: "shop-2"})
		Expect(hal("claude", project).code).To(Equal(exitYes))
		Expect(played.ran).To(HaveExactElements(HavePrefix("shop-3 in ")))
	})
	It("has the name that is said, or none", func() {
		backend.SetClaims(api.Claim{Name: "fix"})
		Expect(hal("claude", project, "--name", "fix").err).To(ContainSubstring(`there is a claim "fix" already`))
		Expect(hal("claude", project, "--name", "other").code).To(Equal(exitYes))
		Expect(played.ran).To(HaveExactElements(HavePrefix("other in ")))
	})
	It("runs in the worker's own directory where there is no workspace", func() {
		none := imagePool("dev", "hal/worker")
		none.Spec.Workers.Template.Workspace.Mode = spec.WorkspaceNone
		backend.SetPools(none)
		Expect(hal("claude", project).code).To(Equal(exitYes))
		Expect(played.ran).To(HaveExactElements(HavePrefix("shop in :")))
	})
	It("warns of a worktree", func() {
		tree := filepath.Join(filepath.Dir(project), "tree")
		git(project, "worktree", "add", "--quiet", "-b", "tree", tree)
		Expect(hal("claude", tree).err).To(ContainSubstring("tree is a worktree"))
		Expect(hal("claude", project).err).NotTo(ContainSubstring("worktree"))
	})
	It("is on a terminal where there is one, and no keys leave it", func() {
		keyboard, screen, err := pty.Open()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { _, _ = keyboard.Close(), screen.Close() })
		shown, ended := gbytes.BufferReader(keyboard), make(chan int, 1)
		backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
			fmt.Fprintf(p.Stdout, "terminal: %t\r\n", p.Spec.Terminal != nil)
			keys := make([]byte, 3)
			for i := range keys {
				_, _ = p.Stdin.Read(keys[i : i+1])
			}
			fmt.Fprintf(p.Stdout, "%v\r\n", keys)
			return 4
		})
		go func() {
			ended <- (&app{in: screen, out: screen, errOut: screen}).main(context.Background(), []string{"claude", project})
		}()
		Eventually(shown).Should(gbytes.Say("terminal: true"))
		fmt.Fprint(keyboard, "\x10\x11x")
		Eventually(shown).Should(gbytes.Say(`\[16 17 120\]`))
		Eventually(ended).Should(Receive(Equal(4)))
		Expect(backend.Claims()).To(BeEmpty())
	})

	Describe("--detach", func() {
		It("leaves it in the session of attach, and says how to come back", func() {
			got := hal("claude", project, "-d", "--", "fix this;")
			Expect(got.code).To(Equal(exitYes))
			Expect(got.out).To(Equal("claim/shop\n"))
			Expect(got.err).To(HaveSuffix("\nshop: 'hal attach shop' shows it, 'hal release shop' ends it\n"))
			Expect(played.ran).To(HaveExactElements(And(
				ContainSubstring("tmux -u new-session -d -s hal"), HaveSuffix(`"hal" "claude" "fix this\\;"]`))))
			Expect(backend.Claims()).To(HaveLen(1))
		})
		It("leaves nothing where it cannot begin, and says why", func() {
			backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
				fmt.Fprintln(p.Stderr, "no tmux")
				return 1
			})
			got := hal("claude", project, "-d", "--branch", "fix")
			Expect(got.code).To(Equal(exitNo))
			Expect(got.err).To(ContainSubstring("start claude in the worker of shop-fix: no tmux"))
			Expect(backend.Claims()).To(BeEmpty())
			Expect(project + "-fix").NotTo(BeAnExistingFile())
		})
	})

	Describe("--branch", func() {
		It("works in a clone beside the project, and fetches what was committed", func() {
			backend.OnSession(func(_ context.Context, _ string, _ *fakeruntime.Process) int {
				git(project+"-fix", "commit", "--quiet", "--allow-empty", "--message", "two")
				return 6
			})
			got := hal("claude", project, "--branch", "fix")
			Expect(got.code).To(Equal(6), "how it ended is the answer")
			Expect(got.err).To(HaveSuffix("branch fix: 1 commit fetched into " + project + "; its files are in " + project + "-fix\n"))
			Expect(git(project, "log", "--format=%s", "fix")).To(Equal("two\none"))
			Expect(backend.Calls()).To(Equal([]string{"claim g shop-fix " + project + "-fix", "release shop-fix saved"}))
		})
		It("says what could not be fetched, and ends as the command does", func() {
			backend.OnSession(func(_ context.Context, _ string, _ *fakeruntime.Process) int {
				Expect(os.RemoveAll(project + "-fix")).To(Succeed())
				return 6
			})
			got := hal("claude", project, "--branch", "fix")
			Expect(got.code).To(Equal(6))
			Expect(got.err).To(ContainSubstring(`hal-controller: fetch branch "fix"`))
			backend.OnSession(func(_ context.Context, _ string, _ *fakeruntime.Process) int {
				Expect(os.RemoveAll(project + "-fix")).To(Succeed())
				return 0
			})
			Expect(hal("claude", project, "--branch", "fix").code).To(Equal(exitNo))
		})
		It("says with --detach how to fetch", func() {
			got := hal("claude", project, "--branch", "fix", "-d")
			Expect(got.err).To(ContainSubstring("git -C %s fetch %s-fix fix:fix\n", project, project))
		})
		It("leaves no clone where nothing could be claimed", func() {
			backend.Fail(&api.Error{Code: api.CodeRefused, Message: "nothing ready"})
			got := hal("claude", project, "--branch", "fix")
			Expect(got.err).To(ContainSubstring("nothing ready"))
			Expect(project + "-fix").NotTo(BeAnExistingFile())
		})
	})

	DescribeTable("says what is wrong, and claims nothing",
		func(code int, message string, settings string, args ...string) {
			if settings != "" {
				Expect(os.WriteFile(filepath.Join(project, ".hal.yaml"), []byte(settings), 0o644)).To(Succeed())
			}
			GinkgoT().Chdir(project)
			got := hal(append([]string{"claude"}, args...)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
			Expect(backend.Calls()).To(BeEmpty())
		},
		Entry("two directories", exitUsage, "claude a -- b", "", "a", "b"),
		Entry("no directory", exitUsage, "no such file or directory", "", "nowhere"),
		Entry("a file", exitUsage, "go.mod: it is no directory", "", "go.mod"),
		Entry("an unknown key in .hal.yaml", exitUsage, ".hal.yaml:2:1: pol: is unknown: did you mean pool?", "\npol: dev"),
		Entry("an unknown pool in .hal.yaml", exitNo, `.hal.yaml: pool: no pool "x"; choose one of dev, g with --pool`, "pool: x"),
		Entry("an unknown pool", exitNo, `no pool "x"`, "", "--pool", "x"),
		Entry("what is no pool", exitUsage, "is no pool", "", "--pool", "worker/x"),
		Entry("a branch that is checked out", exitNo, "work there, without --branch", "", "--branch", "main"),
		Entry("no name", exitUsage, "--name:", "", "--name", "A"),
	)

	It("says that the daemon is not there", func() {
		GinkgoT().Setenv("HAL_SOCKET", "/nowhere/hal.sock")
		Expect(hal("claude", project).code).To(Equal(exitUnavailable))
	})
})

// The words of tmux are tried on tmux itself, on a server of the spec's own.
var _ = Describe("the session of claude --detach", func() {
	It("has the words of the command as they are", func() {
		tmux, err := exec.LookPath("tmux")
		if err != nil {
			Skip("there is no tmux here")
		}
		dir := GinkgoT().TempDir()
		GinkgoT().Setenv("TMUX_TMPDIR", dir)
		GinkgoT().Setenv("TMUX", "")
		DeferCleanup(func() { _ = exec.Command(tmux, "kill-server").Run() })
		words := []string{"sh", "-c", `printf '%s\n' "$@" >` + dir + `/said`, "sh", "one;", "two\\;", ";", "a; b", "$HOME"}
		Expect(exec.Command("sh", append([]string{"-c", detachedScript, "hal"}, tmuxWords(words)...)...).Run()).To(Succeed())
		Eventually(func() string {
			said, _ := os.ReadFile(dir + "/said")
			return string(said)
		}).Should(Equal("one;\ntwo\\;\n;\na; b\n$HOME\n"))
		Expect(exec.Command(tmux, "has-session", "-t", "=hal").Run()).To(Succeed(), "it stays when the command has ended")
	})
})
