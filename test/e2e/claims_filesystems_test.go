//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = Describe("A claim with a project on another file system", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool, theirs string
	BeforeAll(func() {
		w = newWorld()
		p, own := w.pool("mounts", 1), w.pool("mounts-own", 1)
		own.Spec.Workers.Template.User = "1234:1234"
		pool, theirs = p.Metadata.Name, own.Metadata.Name
		w.serve(w.write("pools.yaml", p, own))
		w.settle(pool, 1)
		w.settle(theirs, 1)
	})

	DescribeTable("that maps no ids has it as it is, and is told how to be at home there",
		func(mount func(w *world, from, to string)) {
			project := w.mounted(mount)
			answer := w.as(amy, "claim", pool, "--name", "guest", "--project", project)
			Expect(answer).To(exitWith(0), answer.Err)
			Expect(answer.Err).To(And(
				ContainSubstring(project+" is bound without id mapping"), ContainSubstring("ext4"),
				ContainSubstring(`user: "1234:1234"`), ContainSubstring("workspace.mode: copy")))
			Expect(w.inside(amy, "guest", "cat sub/file; stat -c %u:%g sub/file; ! touch new 2>/dev/null")).
				To(Equal(outcome{0, "of mounted\n1234:1234\n", ""}))
			Expect(w.as(amy, "describe", "claim", "guest").Out).To(ContainSubstring("without id mapping"))
			Expect(w.as(amy, "release", "guest")).To(exitWith(0))

			By("the cure is used")
			answer = w.as(amy, "claim", theirs, "--name", "home", "--project", project)
			Expect(answer).To(exitWith(0), answer.Err)
			Expect(answer.Err).NotTo(ContainSubstring("run the workers as the person"), "they do")
			Expect(w.inside(amy, "home", "cat sub/file; echo made > new")).To(Equal(outcome{0, "of mounted\n", ""}))
			Expect(ownersOf(filepath.Join(project, "new"))).To(Equal([]uint32{amy, amy}))
			Expect(w.as(amy, "release", "home")).To(exitWith(0))
			Expect(unix.Unmount(project, 0)).To(Succeed(), "nothing holds it any more")
		},
		Entry("overlayfs", overlay),
		Entry("FUSE", fuse),
	)

	It("that maps ids has it as its own", func() {
		project := w.mounted(func(_ *world, from, to string) {
			Expect(unix.Mount("tmpfs", to, "tmpfs", 0, "mode=755,uid=1234,gid=1234")).To(Succeed())
			Expect(os.CopyFS(to, os.DirFS(from))).To(Succeed())
			giveAll(to, amy)
		})
		Expect(w.as(amy, "claim", pool, "--name", "guest", "--project", project)).To(And(exitWith(0), HaveField("Err", BeEmpty())))
		Expect(w.inside(amy, "guest", "stat -c %u:%g sub/file; echo made > new")).To(Equal(outcome{0, "1001:1001\n", ""}))
		Expect(ownersOf(filepath.Join(project, "new"))).To(Equal([]uint32{amy, amy}))
		Expect(w.as(amy, "release", "guest")).To(exitWith(0))
		Expect(unix.Unmount(project, 0)).To(Succeed(), "nothing holds it any more")
	})

	It("that is mounted within it has it without that, and is told so", func() {
		project := w.project("around", amy)
		Expect(unix.Mount("tmpfs", filepath.Join(project, "sub"), "tmpfs", 0, "")).To(Succeed())
		DeferCleanup(func() { _ = unix.Unmount(filepath.Join(project, "sub"), 0) })
		Expect(w.as(amy, "claim", pool, "--name", "guest", "--project", project)).To(And(exitWith(0),
			HaveField("Err", ContainSubstring("what is mounted below the project is not in the worker: "+project+"/sub"))))
		Expect(w.inside(amy, "guest", "cat sub/file").Out).To(Equal("of around\n"), "it is what the mount hides")
		Expect(w.as(amy, "release", "guest")).To(exitWith(0))
	})
})

// mounted is a project that another directory is mounted on. Its files are for everyone
// to read.
func (w *world) mounted(mount func(w *world, from, to string)) string {
	GinkgoHelper()
	from, project := w.project("mounted", amy), filepath.Join(w.projects(), "mount")
	Expect(os.Chmod(filepath.Join(from, "sub", "file"), 0o644)).To(Succeed())
	Expect(os.MkdirAll(project, 0o755)).To(Succeed())
	DeferCleanup(os.RemoveAll, from)
	mount(w, from, project)
	DeferCleanup(func() { _ = unix.Unmount(project, unix.MNT_DETACH) }) // a spec that failed
	return project
}

func overlay(w *world, from, to string) {
	GinkgoHelper()
	upper, work := filepath.Join(w.projects(), "upper"), filepath.Join(w.projects(), "work")
	for _, dir := range []string{upper, work} {
		Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	}
	Expect(os.Chown(upper, amy, amy)).To(Succeed())
	Expect(unix.Mount("overlay", to, "overlay", 0, "lowerdir="+from+",upperdir="+upper+",workdir="+work)).To(Succeed())
}

func fuse(_ *world, from, to string) {
	GinkgoHelper()
	program, err := exec.LookPath("bindfs")
	if err != nil {
		Skip("there is no bindfs on this machine")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		Skip("FUSE cannot be used here: " + err.Error())
	}
	said, err := exec.Command(program, from, to).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", said)
}
