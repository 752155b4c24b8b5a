package clone_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/clone"
)

// in runs git in a directory, and returns what it says.
func in(dir string, args ...string) string {
	GinkgoHelper()
	c := exec.Command("git", append([]string{"-C", dir}, args...)...)
	out, err := c.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "git %s: %s", args, out)
	return strings.TrimSpace(string(out))
}

func write(path, text string) {
	GinkgoHelper()
	Expect(os.WriteFile(path, []byte(text), 0o700)).To(Succeed())
}

func commit(dir, subject string) {
	GinkgoHelper()
	write(filepath.Join(dir, subject), subject)
	in(dir, "add", subject)
	in(dir, "commit", "--quiet", "--message", subject)
}

var _ = Describe("a clone", func() {
	var src, shop string
	BeforeEach(func() {
		var err error
		src, err = filepath.EvalSymlinks(GinkgoT().TempDir())
		Expect(err).NotTo(HaveOccurred())
		GinkgoT().Setenv("GIT_CONFIG_GLOBAL", filepath.Join(src, "gitconfig"))
		GinkgoT().Setenv("GIT_CONFIG_SYSTEM", "/dev/null")
		write(filepath.Join(src, "gitconfig"), "[user]\n\tname = Amy\n\temail = amy@example.com\n")
		shop = filepath.Join(src, "shop")
		in(src, "init", "--quiet", "--initial-branch", "main", "shop")
		commit(shop, "one")
	})
	made := func(ctx context.Context, branch string) clone.Clone {
		GinkgoHelper()
		c, err := clone.Make(ctx, shop, branch)
		Expect(err).NotTo(HaveOccurred())
		return c
	}

	It("of a new branch is beside the repository, and has all of it", func(ctx SpecContext) {
		c := made(ctx, "fix/login")
		Expect(c).To(Equal(clone.Clone{Dir: shop + "-fix-login", Top: shop, Branch: "fix/login", Made: true}))
		Expect(in(c.Dir, "log", "--format=%s %D")).To(HavePrefix("one HEAD -> fix/login"))
		Expect(in(c.Dir, "config", "remote.origin.url")).To(Equal(shop))
	})
	It("of a branch that is there has what is on it", func(ctx SpecContext) {
		in(shop, "switch", "--quiet", "--create", "old")
		commit(shop, "two")
		in(shop, "switch", "--quiet", "main")
		Expect(in(made(ctx, "old").Dir, "log", "--format=%s")).To(Equal("two\none"))
	})
	It("of a branch that only the origin has is of that", func(ctx SpecContext) {
		in(shop, "switch", "--quiet", "--create", "theirs")
		commit(shop, "two")
		in(shop, "switch", "--quiet", "main")
		in(src, "clone", "--quiet", "shop", "copy")
		shop = filepath.Join(src, "copy")
		Expect(in(made(ctx, "theirs").Dir, "log", "--format=%s")).To(Equal("two\none"))
	})
	It("of a directory below is of the whole repository", func(ctx SpecContext) {
		Expect(os.Mkdir(filepath.Join(shop, "web"), 0o700)).To(Succeed())
		c, err := clone.Make(ctx, filepath.Join(shop, "web"), "b")
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Dir).To(Equal(shop + "-b"))
	})
	It("works where the repository is not", func(ctx SpecContext) {
		c := made(ctx, "b")
		Expect(os.Rename(shop, shop+"-away")).To(Succeed())
		Expect(os.Remove(filepath.Join(src, "gitconfig"))).To(Succeed())
		commit(c.Dir, "two")
		Expect(in(c.Dir, "log", "-1", "--format=%an %ae")).To(Equal("Amy amy@example.com"))
		Expect(in(c.Dir, "fsck")).To(BeEmpty())
	})
	It("shares no file with the repository", func(ctx SpecContext) {
		c := made(ctx, "b")
		Expect(filepath.WalkDir(c.Dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Sys().(*syscall.Stat_t).Nlink).To(BeEquivalentTo(1), path)
			return nil
		})).To(Succeed())
		Expect(filepath.Join(c.Dir, ".git/objects/info/alternates")).NotTo(BeAnExistingFile())
	})
	It("is about its directory, whatever a hook around it says", func(ctx SpecContext) {
		GinkgoT().Setenv("GIT_DIR", "/nowhere")
		Expect(made(ctx, "b").Top).To(Equal(shop))
	})

	It("that is there is used again", func(ctx SpecContext) {
		commit(made(ctx, "b").Dir, "two")
		c := made(ctx, "b")
		Expect(c.Made).To(BeFalse())
		Expect(filepath.Join(c.Dir, "two")).To(BeAnExistingFile())
		Expect(c.Discard()).To(Succeed())
		Expect(c.Dir).To(BeADirectory(), "others' work stays")
	})
	It("that nobody has worked in can be discarded", func(ctx SpecContext) {
		c := made(ctx, "b")
		Expect(c.Discard()).To(Succeed())
		Expect(c.Dir).NotTo(BeAnExistingFile())
	})

	DescribeTable("is refused",
		func(ctx SpecContext, branch, message string, before func()) {
			before()
			_, err := clone.Make(ctx, shop, branch)
			Expect(err).To(MatchError(ContainSubstring(message)))
		},
		Entry("of what is checked out", "main", "it is checked out in ", func() {}),
		Entry("of what a worktree has checked out", "b", "shop-tree: work there", func() {
			in(shop, "worktree", "add", "--quiet", "-b", "b", filepath.Join(src, "shop-tree"))
		}),
		Entry("of what is no name", "-b", "that is no name of a branch", func() {}),
		Entry("where something else is", "b", "shop-b is there already", func() {
			Expect(os.Mkdir(shop+"-b", 0o700)).To(Succeed())
		}),
		Entry("where another branch is", "b", "has not that branch checked out", func() {
			in(src, "clone", "--quiet", "shop", "shop-b")
		}),
		Entry("where a clone of something else is", "b", "no clone of this repository", func() {
			in(src, "init", "--quiet", "--initial-branch", "b", "shop-b")
		}),
		Entry("of what is no repository", "b", "not a git repository", func() {
			Expect(os.RemoveAll(filepath.Join(shop, ".git"))).To(Succeed())
		}),
	)

	Describe("is fetched", func() {
		It("into the repository, commit by commit", func(ctx SpecContext) {
			c := made(ctx, "b")
			Expect(c.Fetch(ctx)).To(Equal(0))
			commit(c.Dir, "two")
			commit(c.Dir, "three")
			Expect(c.Fetch(ctx)).To(Equal(2))
			Expect(in(shop, "log", "--format=%s", "b")).To(Equal("three\ntwo\none"))
			Expect(c.Fetch(ctx)).To(Equal(0))
		})
		It("with all commits that the repository has not, the first time", func(ctx SpecContext) {
			c := made(ctx, "b")
			commit(c.Dir, "two")
			Expect(c.Fetch(ctx)).To(Equal(1))
		})
		It("over nothing that is only in the repository", func(ctx SpecContext) {
			in(shop, "branch", "b")
			c := made(ctx, "b")
			commit(c.Dir, "two")
			in(shop, "switch", "--quiet", "b")
			commit(shop, "mine")
			in(shop, "switch", "--quiet", "main")
			_, err := c.Fetch(ctx)
			Expect(err).To(MatchError(ContainSubstring("non-fast-forward")))
			Expect(in(shop, "log", "--format=%s", "b")).To(Equal("mine\none"))
		})
		It("without running anything that the clone says", func(ctx SpecContext) {
			c := made(ctx, "b")
			commit(c.Dir, "two")
			canary := filepath.Join(src, "canary")
			script := filepath.Join(c.Dir, "evil")
			write(script, "#!/bin/sh\ntouch "+canary+"\n")
			for _, key := range []string{"core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.pager", "filter.x.smudge"} {
				in(c.Dir, "config", key, script)
			}
			for _, hook := range []string{"post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"} {
				write(filepath.Join(c.Dir, ".git/hooks", hook), "#!/bin/sh\ntouch "+canary+"\n")
			}
			_, err := clone.Make(ctx, shop, "b")
			Expect(err).NotTo(HaveOccurred())
			Expect(c.Fetch(ctx)).To(Equal(1))
			Expect(canary).NotTo(BeAnExistingFile())
		})
		It("by hand with a command that a shell takes", func(ctx SpecContext) {
			Expect(os.Rename(shop, filepath.Join(src, "it's a shop"))).To(Succeed())
			shop = filepath.Join(src, "it's a shop")
			c := made(ctx, "b")
			commit(c.Dir, "two")
			out, err := exec.Command("sh", "-c", c.FetchCommand()).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
			Expect(in(shop, "log", "--format=%s", "b")).To(Equal("two\none"))
		})
	})
})
