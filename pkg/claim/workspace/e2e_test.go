//go:build e2e

package workspace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// docker runs scripts in containers, as their own user.
type docker struct{}

func (docker) Run(ctx context.Context, id, script string, stdin io.Reader, stdout io.Writer) (int, error) {
	command := exec.CommandContext(ctx, "docker", "exec", "-i", id, "sh", "-c", script)
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, GinkgoWriter
	err := command.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// started starts a worker of an image, which goes with the spec.
func started(ctx context.Context, image string) workspace.Worker {
	GinkgoHelper()
	out, err := exec.CommandContext(ctx, "docker", "run", "-d", "--init", "--label", "hal-test=workspace",
		"--cap-drop", "ALL", image, "sleep", "infinity").Output()
	Expect(err).NotTo(HaveOccurred())
	id := strings.TrimSpace(string(out))
	DeferCleanup(func() { Expect(exec.Command("docker", "rm", "-f", id).Run()).To(Succeed()) })
	return workspace.Worker{Shell: docker{}, ID: id, Target: "/workspace"}
}

var _ = Describe("A workspace in a real worker", func() {
	DescribeTable("goes in and comes back", func(ctx SpecContext, image string) {
		outside := GinkgoT().TempDir()
		steady(outside)
		put(outside, "odd\n\xff name", "odd")
		root, err := os.OpenRoot(outside)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		o := workspace.Options{Claim: "c1", UID: 1001, GID: 1001}
		w := started(ctx, image)
		base, err := workspace.CopyIn(ctx, w, root, o)
		Expect(err).NotTo(HaveOccurred())
		before := tree(outside)

		By("with nothing changed, nothing comes back")
		report, err := workspace.CopyOut(ctx, w, root, base, o)
		Expect(err).NotTo(HaveOccurred())
		Expect(report).To(Equal(workspace.Report{Unchanged: len(base.Entries)}))

		// A command has the umask that the engine gives it, which is 0 with 2.0 beta.
		script := `umask 022 && cd /workspace && echo TWO > d/b && rm a && mkdir -p n && printf new > n/m &&
			chmod 755 run && echo x > x.log && mkdir locked && echo x > locked/y && chmod 0 locked && mkfifo pipe`
		Expect(docker{}.Run(ctx, w.ID, script, strings.NewReader(""), GinkgoWriter)).To(Equal(0))
		report, err = workspace.CopyOut(ctx, w, root, base, o)
		Expect(err).NotTo(HaveOccurred())
		Expect(difference(before, tree(outside))).To(ConsistOf("-644 d/b two", "+644 d/b TWO\n", "-644 a one",
			"+755 n/", "+644 n/m new", "-644 run #!/bin/sh", "+755 run #!/bin/sh", "+700 locked/"))
		Expect(report.Unknown).To(Equal([]workspace.Item{{Path: "locked", Why: "the worker may not read it"}}))
		Expect(report.Refused).To(Equal([]workspace.Item{{Path: "pipe", Why: "neither a file nor a directory"}}))
	},
		Entry("of hal/worker", "hal/worker"),
		Entry("of hal/worker-ultramin", "hal/worker-ultramin"),
	)

	It("has a working repository inside, whose commits come back", func(ctx SpecContext) {
		outside := GinkgoT().TempDir()
		put(outside, "a", "one\n")
		git(outside, "init", "-q", "-b", "main")
		git(outside, "add", ".")
		git(outside, "commit", "-qm", "first")
		root, err := os.OpenRoot(outside)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		o := workspace.Options{Claim: "c1", UID: 1001, GID: 1001}
		w := started(ctx, "hal/worker")
		base, err := workspace.CopyIn(ctx, w, root, o)
		Expect(err).NotTo(HaveOccurred())
		script := `cd /workspace && test -z "$(git status --porcelain)" && echo two >> a && git -c user.name=x -c user.email=x@x commit -qam second`
		Expect(docker{}.Run(ctx, w.ID, script, strings.NewReader(""), GinkgoWriter)).To(Equal(0))
		_, err = workspace.CopyOut(ctx, w, root, base, o)
		Expect(err).NotTo(HaveOccurred())
		log, err := exec.Command("git", "-C", outside, "log", "--format=%s").Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(log)).To(Equal("second\nfirst\n"))
		git(outside, "diff", "--exit-code", "HEAD")
		git(outside, "fsck", "--strict")
	})

	It("comes back whole, as a tar, from a worker that has stopped", func(ctx SpecContext) {
		outside := GinkgoT().TempDir()
		steady(outside)
		root, err := os.OpenRoot(outside)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		o := workspace.Options{Claim: "c1", UID: 1001, GID: 1001}
		w := started(ctx, "hal/worker")
		base, err := workspace.CopyIn(ctx, w, root, o)
		Expect(err).NotTo(HaveOccurred())
		Expect(docker{}.Run(ctx, w.ID, "cd /workspace && echo TWO > d/b && rm a", strings.NewReader(""), GinkgoWriter)).To(Equal(0))
		Expect(exec.Command("docker", "kill", w.ID).Run()).To(Succeed())

		open := func() (io.ReadCloser, error) {
			out, err := exec.Command("docker", "cp", w.ID+":/workspace/.", "-").Output()
			return io.NopCloser(bytes.NewReader(out)), err
		}
		_, err = workspace.CopyOutTar(ctx, open, root, base, o)
		Expect(err).NotTo(HaveOccurred())
		Expect(tree(outside)).To(ContainElement("644 d/b TWO\n"))
		Expect(tree(outside)).NotTo(ContainElement("644 a one"))
	})
})
