package rescue_test

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/rescue"
	"hal-controller/pkg/claim/workspace"
)

var _ = Describe("A rescue", func() {
	var (
		e    *engine
		base string
		r    rescue.Request
		o    rescue.Options
	)
	BeforeEach(func() {
		e = &engine{worker: GinkgoT().TempDir()}
		base = filepath.Join(GinkgoT().TempDir(), "rescued")
		r = rescue.Request{
			Claim: "fix", ID: "w1", UID: os.Getuid(), GID: os.Getgid(),
			Time: time.Date(2026, 11, 24, 14, 30, 0, 0, time.UTC),
		}
		o = rescue.Options{}
	})
	save := func(ctx context.Context) rescue.Report {
		GinkgoHelper()
		report, err := rescue.Rescue(ctx, e, base, r, o)
		Expect(err).NotTo(HaveOccurred())
		return report
	}
	// repository is one in the worker, with a commit that its remote has.
	repository := func(name string) string {
		GinkgoHelper()
		if _, err := exec.LookPath("git"); err != nil {
			Skip("no git")
		}
		dir, remote := filepath.Join(e.worker, name), filepath.Join(GinkgoT().TempDir(), "remote")
		put(dir, "a", "one\n")
		put(dir, ".gitignore", "*.o\n")
		git(dir, "init", "-q")
		git(dir, "add", ".")
		git(dir, "commit", "-qm", "first")
		git(dir, "init", "-q", "--bare", remote)
		git(dir, "push", "-q", remote, "main")
		git(dir, "remote", "add", "origin", remote)
		git(dir, "fetch", "-q")
		return dir
	}
	path := func(report rescue.Report, name string) string { return filepath.Join(report.Dir, name) }

	It("of nothing makes no directory", func(ctx SpecContext) {
		repository("clean")
		r.ConfigDir, r.Workspace = e.worker+"/.claude", e.worker+"/clean"
		r.Paths = []workspace.Name{"gone"}
		Expect(save(ctx)).To(Equal(rescue.Report{Nothing: true}))
		Expect(files(base)).To(BeEmpty())
	})

	It("saves the last lines of output", func(ctx SpecContext) {
		e.log = "hello\n"
		report := save(ctx)
		Expect(report.Dir).To(Equal(filepath.Join(base, "fix-20261124T143000Z")))
		Expect(report.Saved).To(Equal([]rescue.Item{{File: "container.log", What: "what the worker wrote last", Bytes: 6}}))
		Expect(os.ReadFile(path(report, "container.log"))).To(BeEquivalentTo("hello\n"))
		Expect(os.ReadFile(path(report, "README.txt"))).To(ContainSubstring("container.log: what the worker wrote last, 6 bytes"))
	})

	It("lets nobody else read it", func(ctx SpecContext) {
		e.log = "hello\n"
		if os.Geteuid() == 0 {
			r.UID, r.GID = 1234, 1235
		}
		report := save(ctx)
		for name, mode := range map[string]os.FileMode{"": os.ModeDir | 0o700, "container.log": 0o600, "README.txt": 0o600} {
			info, err := os.Lstat(path(report, name))
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Mode()).To(Equal(mode), name)
			Expect(int(info.Sys().(*syscall.Stat_t).Uid)).To(Equal(r.UID), name)
			Expect(int(info.Sys().(*syscall.Stat_t).Gid)).To(Equal(r.GID), name)
		}
	})

	It("saves the work in git trees, from which it can be made again", func(ctx SpecContext) {
		dir := repository("shop")
		put(dir, "a", "stashed\n")
		git(dir, "stash", "-q")
		put(dir, "b", "committed\n")
		git(dir, "add", "b")
		git(dir, "commit", "-qm", "second")
		put(dir, "a", "changed\n")
		put(dir, "bin", "\x00\x01")
		git(dir, "add", "bin")
		put(dir, "new file\n", "untracked")
		put(dir, "x.o", "ignored")
		report := save(ctx)
		tree := "tree-01-" + strings.Trim(strings.ReplaceAll(dir, "/", "-"), "-")
		Expect(files(report.Dir)).To(Equal([]string{"README.txt", tree + ".bundle", tree + ".diff", tree + ".stashes.diff", tree + ".untracked.tar"}))

		clone := filepath.Join(GinkgoT().TempDir(), "clone")
		git(dir, "clone", "-q", filepath.Join(dir, ".git"), clone)
		git(clone, "reset", "-q", "--hard", "HEAD~1")
		git(clone, "fetch", "-q", path(report, tree+".bundle"), "refs/*:refs/rescued/*")
		git(clone, "reset", "-q", "--hard", "refs/rescued/heads/main")
		git(clone, "apply", path(report, tree+".diff"))
		Expect(exec.Command("tar", "-C", clone, "-xf", path(report, tree+".untracked.tar")).Run()).To(Succeed())
		for name, text := range map[string]string{"a": "changed\n", "b": "committed\n", "bin": "\x00\x01", "new file\n": "untracked"} {
			Expect(os.ReadFile(filepath.Join(clone, name))).To(BeEquivalentTo(text), name)
		}
		Expect(filepath.Join(clone, "x.o")).NotTo(BeAnExistingFile())
		Expect(os.ReadFile(path(report, tree+".stashes.diff"))).To(ContainSubstring("+stashed"))
	})

	It("saves the work of a repository without a commit", func(ctx SpecContext) {
		dir := filepath.Join(e.worker, "young")
		put(dir, "a", "one\n")
		git(dir, "init", "-q")
		git(dir, "add", "a")
		put(dir, "b", "two\n")
		report := save(ctx)
		Expect(report.Saved).To(HaveExactElements(
			HaveField("What", HavePrefix("the uncommitted changes of ")), HaveField("What", HavePrefix("the untracked files of "))))
	})

	It("looks at nothing that outlives the worker", func(ctx SpecContext) {
		put(repository("bound"), "a", "changed\n")
		put(e.worker, "bound/.claude/projects/x/y.jsonl", "{}")
		r.Outlives, r.ConfigDir = []string{e.worker + "/bound/"}, e.worker+"/bound/.claude"
		Expect(save(ctx).Nothing).To(BeTrue())
	})

	It("lets a repository run nothing", func(ctx SpecContext) {
		dir := repository("shop")
		proof := filepath.Join(GinkgoT().TempDir(), "proof")
		put(dir, "hook", "#!/bin/sh\ntouch "+proof+"\n")
		Expect(os.Chmod(filepath.Join(dir, "hook"), 0o755)).To(Succeed())
		put(dir, ".gitattributes", "* diff=evil\n")
		for _, key := range []string{"core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv"} {
			git(dir, "-c", "core.fsmonitor=false", "config", key, filepath.Join(dir, "hook"))
		}
		put(dir, "a", "changed\n")
		report := save(ctx)
		Expect(report.Saved).NotTo(BeEmpty())
		Expect(proof).NotTo(BeAnExistingFile())
	})

	It("saves all of a tree about which git cannot be asked", func(ctx SpecContext) {
		git(e.worker, "init", "-q")
		put(e.worker, "broken/.git/HEAD", "nonsense")
		put(e.worker, "broken/a", "one")
		report := save(ctx)
		Expect(report.Saved).To(ContainElement(HaveField("File", HaveSuffix("-broken.tar"))))
		Expect(names(path(report, report.Saved[len(report.Saved)-1].File))).To(Equal([]string{".git/", ".git/HEAD", "a"}))
	})

	It("names the git trees of a worker without git", func(ctx SpecContext) {
		repository("shop")
		e.noGit = true
		report := save(ctx)
		Expect(report.Nothing).To(BeTrue())
		Expect(report.Missing).To(Equal([]rescue.Missing{{What: "the git tree " + e.worker + "/shop", Why: "the worker has no git"}}))
	})

	It("saves Claude's transcripts and nothing else of Claude's", func(ctx SpecContext) {
		r.ConfigDir = e.worker + "/.claude"
		put(r.ConfigDir, "projects/-workspace/1.jsonl", "{}")
		put(r.ConfigDir, "projects/notes", "")
		put(r.ConfigDir, ".credentials.json", "secret")
		Expect(names(path(save(ctx), "transcripts.tar"))).To(Equal([]string{"projects/-workspace/1.jsonl"}))
	})

	It("saves what could not be brought back of a workspace, or all of it", func(ctx SpecContext) {
		r.Workspace = e.worker + "/w"
		put(r.Workspace, "a", "1")
		put(r.Workspace, "d/b", "2")
		Expect(names(path(save(ctx), "workspace.tar"))).To(Equal([]string{"a", "d/", "d/b"}))
		r.Paths = []workspace.Name{"d/b"}
		second := save(ctx)
		Expect(second.Dir).To(HaveSuffix("Z-2"))
		Expect(names(path(second, "workspace.tar"))).To(Equal([]string{"d/b"}))
	})

	Describe("of a worker that does not answer", func() {
		BeforeEach(func() {
			e.silent = true
			put(e.worker, "shop/.git/HEAD", "ref")
			put(e.worker, "shop/a", "1")
			put(e.worker, "shop/sub/.git/HEAD", "ref")
			put(e.worker, ".claude/projects/p/1.jsonl", "{}")
			put(e.worker, "w/a", "1")
			put(e.worker, "w/b", "1")
			r.Workspace, r.Paths, r.ConfigDir = "/home/w", []workspace.Name{"b"}, "/home/.claude"
		})

		It("saves through the engine what can be had", func(ctx SpecContext) {
			report := save(ctx)
			Expect(names(path(report, "tree-01-home-shop.tar"))).To(Equal([]string{".git/", ".git/HEAD", "a", "sub/", "sub/.git/", "sub/.git/HEAD"}))
			Expect(names(path(report, "transcripts.tar"))).To(Equal([]string{"p/1.jsonl"}))
			Expect(names(path(report, "workspace.tar"))).To(Equal([]string{"b"}))
			Expect(report.Missing).To(HaveExactElements(HaveField("What", HavePrefix("git trees elsewhere"))))
		})

		It("waits no longer than it is told to", func(ctx SpecContext) {
			e.silent, e.hangs, o.Patience = false, true, time.Millisecond
			Expect(save(ctx).Saved).To(HaveLen(3))
		})
	})

	It("of a worker that is gone is no error", func(ctx SpecContext) {
		e.gone = true
		Expect(save(ctx)).To(Equal(rescue.Report{Nothing: true, Missing: []rescue.Missing{{What: "the worker", Why: "it is gone"}}}))
	})

	It("that fails is an error, and leaves nothing", func(ctx SpecContext) {
		e.log = "saved already"
		r.Workspace = e.worker + "/w"
		put(r.Workspace, "a", "1")
		e.fail = "tar --create"
		_, err := rescue.Rescue(ctx, e, base, r, o)
		Expect(err).To(MatchError(ContainSubstring("rescue the work of claim fix from container w1: ")))
		Expect(files(base)).To(BeEmpty())
	})

	It("takes the place of one that a crash ended", func(ctx SpecContext) {
		put(base, ".partial-fix/container.log", "old")
		e.log = "new"
		save(ctx)
		Expect(files(base)).To(Equal([]string{"fix-20261124T143000Z"}))
	})

	Describe("within a limit", func() {
		It("leaves out the files that are too large, and names them", func(ctx SpecContext) {
			o.MaxBytes = 100 << 10
			r.Workspace = e.worker + "/w"
			put(r.Workspace, "large\x1b[2J", strings.Repeat("x", 100<<10))
			put(r.Workspace, "small", "x")
			report := save(ctx)
			Expect(names(path(report, "workspace.tar"))).To(Equal([]string{"small"}))
			Expect(report.Missing).To(Equal([]rescue.Missing{{
				What: "1 of what is in " + r.Workspace + " only",
				Why:  `with it, more than 102400 bytes would be saved: "large\x1b[2J"`,
			}}))
		})

		It("leaves out a text that is too large, and saves the rest", func(ctx SpecContext) {
			o.MaxBytes = 50 << 10
			e.log = strings.Repeat("x", 50<<10+1)
			r.ConfigDir = e.worker
			put(e.worker, "projects/1.jsonl", strings.Repeat("x", 20<<10))
			report := save(ctx)
			Expect(files(report.Dir)).To(Equal([]string{"README.txt", "transcripts.tar"}))
			Expect(report.Missing).To(HaveExactElements(HaveField("What", "what the worker wrote last")))
		})
	})

	It("saves of a hostile tar only what stays in its place", func(ctx SpecContext) {
		e.send = func(script string) io.Reader {
			if !strings.Contains(script, "/w'") {
				return nil
			}
			return tarOf(tar.Header{Name: "../up"}, "x", tar.Header{Name: "/abs"}, "x", tar.Header{Name: "a/../../up"}, "x",
				tar.Header{Name: "dev", Typeflag: tar.TypeBlock}, "", tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "../../x"}, "",
				tar.Header{Name: "suid", Mode: 0o6755}, "x")
		}
		r.Workspace = e.worker + "/w"
		report := save(ctx)
		Expect(names(path(report, "workspace.tar"))).To(Equal([]string{"abs", "suid"}))
		out, err := exec.Command("tar", "-tvf", path(report, "workspace.tar"), "suid").Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(out)).To(HavePrefix("-rwxr-xr-x"))
	})

	It("takes a name that is no name for a file apart", func(ctx SpecContext) {
		r.Claim, e.log = "../../etc/x", "x"
		Expect(save(ctx).Dir).To(Equal(filepath.Join(base, "etc-x-20261124T143000Z")))
	})
})
