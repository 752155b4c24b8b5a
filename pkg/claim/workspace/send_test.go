package workspace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

type fataler interface{ Fatalf(string, ...any) }

func sent(t fataler, dir string) workspace.Manifest {
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer root.Close()
	m, err := workspace.Send(context.Background(), root, io.Discard, workspace.Options{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return m
}

func paths(m workspace.Manifest) []string {
	list := []string{}
	for _, e := range m.Entries {
		list = append(list, string(e.Path))
	}
	return list
}

func git(dir string, args ...string) {
	GinkgoHelper()
	if _, err := exec.LookPath("git"); err != nil {
		Skip("no git")
	}
	words := append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@x"}, args...)
	out, err := exec.Command("git", words...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

var _ = Describe("Sending a project", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	It("copies content, modes, links, empty directories and odd names", func(ctx SpecContext) {
		p := copied(ctx, func(outside string) {
			put(outside, "a/run", "#!/bin/sh\n")
			Expect(os.Chmod(filepath.Join(outside, "a/run"), 0o750)).To(Succeed())
			Expect(os.Mkdir(filepath.Join(outside, "empty"), 0o700)).To(Succeed())
			Expect(os.Symlink("../nowhere/at all", filepath.Join(outside, "a/link"))).To(Succeed())
			put(outside, "new\nline \xff é", "odd")
			put(outside, "-rf", "dash")
			put(outside, strings.Repeat("n", 255), "long")
		})
		Expect(tree(p.inside)).To(Equal(tree(p.outside)))
		info, err := os.Stat(filepath.Join(p.inside, "-rf"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ModTime()).To(BeTemporally("==", long))
		Expect(p.back(ctx)).To(Equal(workspace.Report{Unchanged: 7}))
	})

	It("leaves out what is ignored, and takes .git along", func() {
		put(dir, ".gitignore", "node_modules/\n*.log\n")
		put(dir, ".halignore", "videos\n!important.log\n")
		put(dir, "node_modules/x/y", "")
		put(dir, "videos/v", "")
		put(dir, "a.log", "")
		put(dir, "important.log", "")
		put(dir, ".git/logs/x.log", "")
		Expect(paths(sent(GinkgoT(), dir))).To(Equal([]string{
			".git", ".git/logs", ".git/logs/x.log", ".gitignore", ".halignore", "important.log",
		}))
	})

	It("takes what git has, though it is ignored, unless .halignore says otherwise", func() {
		put(dir, ".gitignore", "out/\n*.key\n")
		put(dir, ".halignore", "*.key\n")
		put(dir, "out/kept", "")
		put(dir, "out/not", "")
		put(dir, "my.key", "")
		git(dir, "init", "-q")
		git(dir, "add", "-f", "out/kept", "my.key")
		Expect(paths(sent(GinkgoT(), dir))).To(ContainElements("out", "out/kept"))
		Expect(paths(sent(GinkgoT(), dir))).NotTo(ContainElement(BeElementOf("out/not", "my.key")))
	})

	It("lets git run nothing that the project's configuration asks for", func() {
		proof := filepath.Join(GinkgoT().TempDir(), "proof")
		put(dir, "hook", "#!/bin/sh\ntouch "+proof+"\n")
		Expect(os.Chmod(filepath.Join(dir, "hook"), 0o755)).To(Succeed())
		git(dir, "init", "-q")
		git(dir, "config", "core.fsmonitor", filepath.Join(dir, "hook"))
		sent(GinkgoT(), dir)
		Expect(proof).NotTo(BeAnExistingFile())
	})

	It("says when git cannot be asked, or would not work inside", func() {
		put(dir, ".git", "gitdir: /nowhere\n")
		Expect(sent(GinkgoT(), dir).Notes).To(ConsistOf(
			ContainSubstring("git could not be asked"), ContainSubstring("the repository is elsewhere")))
	})

	It("skips what is no file, and names it", func() {
		Expect(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644)).To(Succeed())
		put(dir, "x", "")
		m := sent(GinkgoT(), dir)
		Expect(m.Skipped).To(Equal([]workspace.Item{{"pipe", "neither a file nor a directory"}}))
		Expect(paths(m)).To(Equal([]string{"x"}))
	})

	It("does not follow links out", func() {
		Expect(os.Symlink("/etc", filepath.Join(dir, "etc"))).To(Succeed())
		Expect(sent(GinkgoT(), dir).Entries).To(Equal([]workspace.Entry{{Path: "etc", Kind: workspace.KindLink, Mode: 0o777, Target: "/etc"}}))
	})

	It("refuses more files than it may have", func(ctx SpecContext) {
		put(dir, "a", "")
		put(dir, "b", "")
		root, err := os.OpenRoot(dir)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		_, err = workspace.Send(ctx, root, io.Discard, workspace.Options{MaxEntries: 1})
		Expect(err).To(MatchError(ContainSubstring("more than 1 files")))
	})

	It("ends with its context, and with its reader", func(ctx SpecContext) {
		put(dir, "a", "x")
		root, err := os.OpenRoot(dir)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		ended, cancel := context.WithCancelCause(ctx)
		cancel(errors.New("enough"))
		_, err = workspace.Send(ended, root, io.Discard, workspace.Options{})
		Expect(err).To(MatchError(ContainSubstring("enough")))
		_, err = workspace.CopyIn(ctx, workspace.Worker{Shell: &here{}, Target: "/nowhere"}, root, workspace.Options{})
		Expect(err).To(HaveOccurred())
	})

	It("remembers what it sent", func() {
		put(dir, "odd \xff\n", "x")
		m := sent(GinkgoT(), dir)
		var buffer bytes.Buffer
		Expect(m.Encode(&buffer)).To(Succeed())
		again, err := workspace.DecodeManifest(&buffer)
		Expect(err).NotTo(HaveOccurred())
		Expect(again.Entries).To(HaveLen(1))
		Expect(again.Entries[0].Path).To(Equal(m.Entries[0].Path))
		Expect(again.Entries[0].ModTime).To(BeTemporally("==", long))
		Expect(again.Entries[0].Sum).To(Equal(m.Entries[0].Sum))
	})

	It("does not trust the time of a file that was just written", func() {
		Expect(os.WriteFile(filepath.Join(dir, "new"), nil, 0o644)).To(Succeed())
		Expect(sent(GinkgoT(), dir).Entries[0].ModTime).To(BeZero())
	})
})
