package spec_test

import (
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"hal-controller/pkg/spec"
)

func content(file string) string {
	GinkgoHelper()
	data, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// mount mounts something, until the spec ends, where that is allowed.
func mount(source, target, fstype string, flags uintptr) {
	GinkgoHelper()
	if err := unix.Mount(source, target, fstype, flags, ""); err != nil {
		Skip("mounting is not allowed here: " + err.Error())
	}
	DeferCleanup(func() { Expect(unix.Unmount(target, unix.MNT_DETACH)).To(Succeed()) })
}

var _ = Describe("WriteFile", func() {
	var dir, file string

	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		file = filepath.Join(dir, "pool.yaml")
		put(file, "old")
	})

	It("replaces the file in one step, and leaves nothing else behind", func() {
		before, err := os.Stat(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(spec.WriteFile(file, []byte("new"))).To(Succeed())
		Expect(content(file)).To(Equal("new"))
		after, err := os.Stat(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.SameFile(before, after)).To(BeFalse())
		Expect(filepath.Glob(filepath.Join(dir, "*"))).To(Equal([]string{file}))
		Expect(filepath.Glob(filepath.Join(dir, ".*"))).To(BeEmpty())
	})

	It("keeps the mode", func() {
		Expect(os.Chmod(file, 0o606)).To(Succeed())
		Expect(spec.WriteFile(file, []byte("new"))).To(Succeed())
		info, err := os.Stat(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode()).To(Equal(os.FileMode(0o606)))
	})

	It("keeps the owner", func() {
		if err := os.Chown(file, 1234, 2345); err != nil {
			Skip("files cannot be given away here: " + err.Error())
		}
		Expect(spec.WriteFile(file, []byte("new"))).To(Succeed())
		info, err := os.Stat(file)
		Expect(err).NotTo(HaveOccurred())
		stat := info.Sys().(*syscall.Stat_t)
		Expect([]uint32{stat.Uid, stat.Gid}).To(Equal([]uint32{1234, 2345}))
	})

	It("makes a file that is not there", func() {
		Expect(os.Remove(file)).To(Succeed())
		Expect(spec.WriteFile(file, []byte("new"))).To(Succeed())
		Expect(content(file)).To(Equal("new"))
	})

	It("writes the file that links lead to, and keeps the links", func() {
		Expect(os.Symlink("pool.yaml", filepath.Join(dir, "one"))).To(Succeed())
		Expect(os.Symlink("one", filepath.Join(dir, "two"))).To(Succeed())
		Expect(os.Chmod(file, 0o640)).To(Succeed())
		Expect(spec.WriteFile(filepath.Join(dir, "two"), []byte("new"))).To(Succeed())
		Expect(content(file)).To(Equal("new"))
		Expect(os.Readlink(filepath.Join(dir, "two"))).To(Equal("one"))
		info, err := os.Stat(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode()).To(Equal(os.FileMode(0o640)))
	})

	It("writes in place a file that is mounted, and so cannot be replaced", func() {
		target := filepath.Join(dir, "mounted.yaml")
		put(target, "")
		mount(file, target, "", unix.MS_BIND)
		Expect(spec.WriteFile(target, []byte("new, and longer"))).To(Succeed())
		Expect(content(file)).To(Equal("new, and longer"))
		Expect(filepath.Glob(filepath.Join(dir, ".*"))).To(BeEmpty())
	})

	It("changes nothing that is not writable", func() {
		Expect(os.Mkdir(filepath.Join(dir, "..1"), 0o755)).To(Succeed())
		Expect(os.Symlink("..1", filepath.Join(dir, "..data"))).To(Succeed())
		deployed := filepath.Join(dir, "..data", "pool.yaml")
		put(deployed, "old")
		Expect(spec.WriteFile(deployed, []byte("new"))).To(MatchError(spec.ErrNotWritable))
		Expect(content(deployed)).To(Equal("old"))
	})
})

var _ = Describe("Writable", func() {
	var dir, file string

	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		file = filepath.Join(dir, "pool.yaml")
		put(file, "old")
	})

	It("is true of a file, of one that is not there yet, and of a directory", func() {
		Expect(spec.Writable(file)).To(Succeed())
		Expect(spec.Writable(filepath.Join(dir, "new.yaml"))).To(Succeed())
		Expect(spec.Writable(dir)).To(Succeed())
	})

	It("is true through a link that a person made", func() {
		link := filepath.Join(GinkgoT().TempDir(), "pools")
		Expect(os.Symlink(dir, link)).To(Succeed())
		Expect(spec.Writable(filepath.Join(link, "pool.yaml"))).To(Succeed())
	})

	DescribeTable("says why not, and the way out,", func(prepare func() string, why string) {
		path := prepare()
		err := spec.Writable(path)
		Expect(err).To(MatchError(spec.ErrNotWritable))
		Expect(err).To(MatchError(path + " is not a writable source: " + why + "; edit it where it comes from"))
	},
		Entry("of a file system that is mounted read-only", func() string {
			mount("tmpfs", dir, "tmpfs", unix.MS_RDONLY)
			return dir
		}, "read-only file system"),
		Entry("of a new file in a read-only file system", func() string {
			mount("tmpfs", dir, "tmpfs", unix.MS_RDONLY)
			return filepath.Join(dir, "new.yaml")
		}, "read-only file system"),
		Entry("of a file without permission", func() string {
			if os.Geteuid() == 0 {
				Skip("root may write everything")
			}
			Expect(os.Chmod(file, 0o444)).To(Succeed())
			return file
		}, "permission denied"),
		Entry("of a mounted ConfigMap, whose files are links", func() string {
			Expect(os.Mkdir(filepath.Join(dir, "..1"), 0o755)).To(Succeed())
			put(filepath.Join(dir, "..1", "pool.yaml"), "old")
			Expect(os.Symlink("..1", filepath.Join(dir, "..data"))).To(Succeed())
			Expect(os.Remove(file)).To(Succeed())
			Expect(os.Symlink("..data/pool.yaml", file)).To(Succeed())
			return file
		}, "it is part of a mounted ConfigMap or Secret (..data), which puts the old content back"),
		Entry("of a checkout that git-sync swaps", func() string {
			tree := filepath.Join(dir, ".worktrees", "0123abcd", "pools")
			Expect(os.MkdirAll(tree, 0o755)).To(Succeed())
			put(filepath.Join(tree, "pool.yaml"), "old")
			Expect(os.Symlink(".worktrees/0123abcd", filepath.Join(dir, "current"))).To(Succeed())
			return filepath.Join(dir, "current", "pools", "pool.yaml")
		}, "it is part of a git-sync worktree, which puts the old content back"),
		Entry("of a link to nowhere", func() string {
			link := filepath.Join(dir, "link.yaml")
			Expect(os.Symlink("nowhere", link)).To(Succeed())
			return link
		}, "no such file or directory"),
		Entry("of a directory that is not there", func() string { return filepath.Join(dir, "no", "pool.yaml") }, "no such file or directory"),
		Entry("of a pipe", func() string {
			pipe := filepath.Join(dir, "pipe.yaml")
			Expect(syscall.Mkfifo(pipe, 0o600)).To(Succeed())
			return pipe
		}, "it is no regular file"),
	)
})
