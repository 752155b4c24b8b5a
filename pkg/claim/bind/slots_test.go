package bind

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = Describe("Slots", func() {
	It("are not supported without root, and say so", func() {
		if os.Geteuid() == 0 {
			Skip("needs another user than root")
		}
		_, err := Open(filepath.Join(temporary(), "slots"))
		Expect(err).To(MatchError(ErrUnsupported))
		Expect(err).To(MatchError(ContainSubstring("needs root")))
	})

	It("are not supported where root may not mount, and say so", func() {
		needsRoot()
		dir := filepath.Join(temporary(), "slots")
		Expect(withoutMounting(func() error { _, err := Open(dir); return err })).To(And(
			MatchError(ErrUnsupported), MatchError(ContainSubstring("no CAP_SYS_ADMIN"))))
	})

	It("are not supported by an old kernel, and a full disk is another matter", func() {
		Expect(unsupported("/x", unix.ENOSYS)).To(MatchError(ErrUnsupported))
		Expect(errors.Is(unsupported("/x", unix.ENOSPC), ErrUnsupported)).To(BeFalse())
	})

	It("are a mount of their own that is shared, made once", func() {
		s := newSlots()
		found, err := mounts(s.dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(HaveLen(1))
		Expect(isShared(found[0])).To(BeTrue())
		openSlots(s.dir)
		Expect(mounts(s.dir)).To(Equal(found))
	})

	It("are made shared if they are a private mount already", func() {
		needsRoot()
		dir := temporary()
		mountTemporary("tmpfs", dir, "")
		s := openSlots(dir)
		found, err := mounts(s.dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(HaveLen(1))
		Expect(isShared(found[0])).To(BeTrue())
	})

	It("have one mount for each bind, also where the mount around them is shared", func() {
		needsRoot()
		around := temporary()
		mountTemporary("tmpfs", around, "")
		Expect(unix.Mount("", around, "", unix.MS_SHARED, "")).To(Succeed())
		s := openSlots(filepath.Join(around, "slots"))
		Expect(s.Make("dev-0", "workspace")).To(Succeed())
		_, err := s.Bind("dev-0", "workspace", newProject(), Access{Mapping: mapped})
		Expect(err).NotTo(HaveOccurred())
		Expect(mounts(s.Path("dev-0", "workspace"))).To(HaveLen(1))
		Expect(s.Remove("dev-0")).To(Succeed())
	})

	It("are reached through links to their directory", func() {
		needsRoot()
		dir := temporary()
		Expect(os.Mkdir(dir+"/state", 0o700)).To(Succeed())
		Expect(os.Symlink("state", dir+"/link")).To(Succeed())
		s := openSlots(dir + "/link/slots")
		Expect(s.Path("a", "b")).To(Equal(dir + "/state/slots/a/b"))
	})

	It("are empty, and nobody but root may write to them", func() {
		s := newSlots()
		path := s.Path("dev-0", "workspace")
		info, err := os.Stat(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o555)))
		Expect(owner(path)).To(Equal([2]uint32{0, 0}))
		Expect(inner.try(func() error { return os.WriteFile(path+"/x", nil, 0o644) })).To(MatchError(os.ErrPermission))
		Expect(inner.try(func() error { _, err := os.ReadDir(s.dir); return err })).To(MatchError(os.ErrPermission))
	})

	It("are made again only if they are as new", func() {
		s := newSlots()
		Expect(s.Make("dev-0", "workspace")).To(Succeed())
		_, err := s.Bind("dev-0", "workspace", newProject(), Access{Mapping: mapped})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Make("dev-0", "workspace")).To(MatchError(ErrBound))
		Expect(s.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(os.WriteFile(s.Path("dev-0", "workspace")+"/x", nil, 0o644)).To(Succeed())
		Expect(s.Make("dev-0", "workspace")).To(MatchError(ContainSubstring("not empty (x, …)")))
	})

	DescribeTable("have names that are one element of a path",
		func(bad string) {
			s := newSlots()
			Expect(s.Make(bad, "workspace")).NotTo(Succeed())
			Expect(s.Make("dev-0", bad)).NotTo(Succeed())
			Expect(s.Unbind("dev-0", bad)).NotTo(Succeed())
			Expect(s.Remove(bad)).NotTo(Succeed())
			_, err := s.Bind("dev-0", bad, newProject(), Access{Mapping: mapped})
			Expect(err).To(MatchError(ContainSubstring("cannot be the name")))
		},
		Entry(nil, ""), Entry(nil, "."), Entry(nil, ".."), Entry(nil, "a/b"), Entry(nil, "/etc"), Entry(nil, "a\nb"), Entry(nil, "-a"),
	)

	It("are listed by worker and removed by worker", func() {
		s := newSlots()
		Expect(s.Make("dev-0", "home")).To(Succeed())
		Expect(s.Make("dev-1", "workspace")).To(Succeed())
		Expect(s.Workers()).To(Equal([]string{"dev-0", "dev-1"}))
		Expect(s.Remove("dev-0")).To(Succeed())
		Expect(s.Remove("dev-0")).To(Succeed())
		Expect(s.Workers()).To(Equal([]string{"dev-1"}))
	})

	It("are not removed with a file that somebody left in them, which is named", func() {
		s := newSlots()
		left := s.Path("dev-0", "workspace") + "/left"
		Expect(os.WriteFile(left, []byte("work"), 0o644)).To(Succeed())
		Expect(s.Remove("dev-0")).To(MatchError(ContainSubstring(s.Path("dev-0", "workspace"))))
		Expect(os.ReadFile(left)).To(BeEquivalentTo("work"))
	})

	It("are not removed from below a mount that is not theirs", func() {
		s := newSlots()
		project := newProject()
		Expect(os.Mkdir(project.Name()+"/empty", 0o755)).To(Succeed())
		Expect(unix.Mount(project.Name(), filepath.Join(s.dir, "dev-0"), "", unix.MS_BIND, "")).To(Succeed())
		Expect(s.Remove("dev-0")).To(MatchError(ContainSubstring("something is mounted on")))
		Expect(s.Make("dev-0", "workspace")).NotTo(Succeed())
		Expect(os.ReadFile(project.Name() + "/kept")).To(BeEquivalentTo("kept"))
		Expect(project.Name() + "/empty").To(BeADirectory())
		Expect(project.Name() + "/workspace").NotTo(BeADirectory())
	})

	It("are each bound once when many ask at once", func() {
		s := newSlots()
		project := newProject()
		var all sync.WaitGroup
		failures := make(chan error, 16)
		for range cap(failures) {
			all.Go(func() {
				_, err := s.Bind("dev-0", "workspace", project, Access{Mapping: mapped})
				failures <- err
			})
		}
		all.Wait()
		close(failures)
		for err := range failures {
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(mounts(s.Path("dev-0", "workspace"))).To(HaveLen(1))
	})

	// What a crash leaves is what some order of the steps leaves, so any order of
	// steps, whole ones and parts of them, has to do.
	It("never lose a file of a project, in whatever order things happen and fail", func() {
		s := newSlots()
		project, empty := newProject(), temporary()
		Expect(os.MkdirAll(project.Name()+"/deep/er", 0o755)).To(Succeed())
		Expect(os.MkdirAll(project.Name()+"/deep/empty", 0o755)).To(Succeed())
		Expect(os.MkdirAll(project.Name()+"/empty", 0o755)).To(Succeed())
		Expect(os.WriteFile(project.Name()+"/deep/er/file", []byte("kept"), 0o644)).To(Succeed())
		sources := []*os.File{project, openAt(empty), openAt(project.Name() + "/deep")}
		DeferCleanup(func() { unmountAll(s.dir) }) // before the sources are removed
		random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
		slot, worker := s.Path("dev-0", "workspace"), filepath.Join(s.dir, "dev-0")
		any := func() *os.File { return sources[random.IntN(len(sources))] }
		steps := map[string]func(){
			"make":   func() { _ = s.Make("dev-0", "workspace") },
			"bind":   func() { _, _ = s.Bind("dev-0", "workspace", any(), Access{Mapping: mapped}) },
			"unbind": func() { _ = s.Unbind("dev-0", "workspace") },
			"remove": func() { _ = s.Remove("dev-0") },
			"crash": func() {
				again, err := Open(s.dir)
				Expect(err).NotTo(HaveOccurred())
				Expect(s.Close()).To(Succeed())
				s.root = again.root
			},
			"half of remove":     func() { _ = unix.Rmdir(slot) },
			"mount by hand":      func() { _ = unix.Mount(any().Name(), slot, "", unix.MS_BIND|unix.MS_REC, "") },
			"mount over all":     func() { _ = unix.Mount(any().Name(), worker, "", unix.MS_BIND, "") },
			"mount below":        func() { _ = unix.Mount(empty, slot+"/deep", "", unix.MS_BIND, "") },
			"unmount by hand":    func() { _ = unix.Unmount(slot, 0) },
			"unmount over all":   func() { _ = unix.Unmount(worker, unix.MNT_DETACH) },
			"lose the mount":     func() { _ = unix.Unmount(s.dir, unix.MNT_DETACH) },
			"make another slot":  func() { _ = s.Make("dev-0", "home") },
			"bind another slot":  func() { _, _ = s.Bind("dev-0", "home", any(), Access{Mapping: mapped}) },
			"link to the source": func() { _ = os.Symlink(project.Name(), filepath.Join(worker, "link")) },
		}
		names := sortedNames(steps)
		done := ""
		for i := range 3000 {
			name := names[random.IntN(len(names))]
			done = fmt.Sprintf("step %d: %s", i, name)
			steps[name]()
			Expect(os.ReadFile(project.Name()+"/kept")).To(BeEquivalentTo("kept"), done)
			Expect(os.ReadFile(project.Name()+"/deep/er/file")).To(BeEquivalentTo("kept"), done)
			Expect(project.Name()+"/deep/empty").To(BeADirectory(), done)
			Expect(project.Name()+"/empty").To(BeADirectory(), done)
			Expect(empty).To(BeADirectory(), done)
		}
	})
})

func sortedNames(steps map[string]func()) []string {
	names := make([]string, 0, len(steps))
	for name := range steps {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
