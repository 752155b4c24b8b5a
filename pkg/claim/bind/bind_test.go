package bind

import (
	"maps"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = Describe("A bound directory", func() {
	var (
		slots   *Slots
		project *os.File
		slot    string
	)
	BeforeEach(func() {
		slots = newSlots()
		project = newProject()
		slot = slots.Path("dev-0", "workspace")
	})
	bind := func(a Access) Result {
		GinkgoHelper()
		result, err := slots.Bind("dev-0", "workspace", project, a)
		Expect(err).NotTo(HaveOccurred())
		return result
	}
	write := func(c Caller, path string) error {
		return c.try(func() error { return os.WriteFile(path, []byte("new"), 0o600) })
	}

	It("appears in its slot as the worker's user's, and goes again", func() {
		Expect(bind(Access{Mapping: mapped})).To(Equal(Result{IDMapped: true}))
		Expect(os.ReadFile(slot + "/kept")).To(BeEquivalentTo("kept"))
		Expect(owner(slot)).To(Equal([2]uint32{1001, 1002}))
		Expect(owner(slot + "/kept")).To(Equal([2]uint32{1001, 1002}))
		Expect(boundTo(slots)).To(Equal(Binding{Source: project.Name(), IDMapped: true}))

		Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(os.ReadDir(slot)).To(BeEmpty())
		_, bound, err := slots.Bound("dev-0", "workspace")
		Expect(err).NotTo(HaveOccurred())
		Expect(bound).To(BeFalse())
		Expect(os.ReadFile(project.Name() + "/kept")).To(BeEquivalentTo("kept"))
	})

	It("belongs to the person outside, whatever the worker's user writes", func() {
		bind(Access{Mapping: mapped})
		Expect(write(inner, slot+"/new")).To(Succeed())
		Expect(write(inner, slot+"/kept")).To(Succeed())
		Expect(owner(project.Name() + "/new")).To(Equal([2]uint32{1234, 1235}))
		Expect(os.ReadFile(project.Name() + "/kept")).To(BeEquivalentTo("new"))
	})

	It("shows root's files as nobody's, to be read as their modes say and not to be written", func() {
		Expect(os.WriteFile(project.Name()+"/roots", nil, 0o644)).To(Succeed())
		Expect(os.WriteFile(project.Name()+"/secret", nil, 0o600)).To(Succeed())
		bind(Access{Mapping: mapped})
		Expect(owner(slot + "/roots")).To(Equal([2]uint32{aside, aside}))
		Expect(write(inner, slot+"/roots")).To(MatchError(os.ErrPermission))
		Expect(inner.try(func() error { _, err := os.ReadFile(slot + "/roots"); return err })).To(Succeed())
		Expect(inner.try(func() error { _, err := os.ReadFile(slot + "/secret"); return err })).To(MatchError(os.ErrPermission))
		By("removing what lies in a directory of one's own, as on any Unix")
		Expect(inner.try(func() error { return os.Remove(slot + "/roots") })).To(Succeed())
	})

	It("gives nobody inside, not even root, a file of another user of the host", func() {
		Expect(os.Chmod(project.Name(), 0o777)).To(Succeed())
		bind(Access{Mapping: mapped})
		Expect(os.WriteFile(slot+"/planted", nil, 0o755)).To(Succeed())
		Expect(os.Chmod(slot+"/planted", 0o755|os.ModeSetuid)).To(Succeed())
		Expect(owner(project.Name() + "/planted")).To(Equal([2]uint32{aside, aside}))
		Expect(write(Caller{UID: 5555, GID: 5555}, slot+"/other")).To(Succeed())
		Expect(owner(project.Name() + "/other")).To(Equal([2]uint32{aside + 5555, aside + 5555}))
	})

	It("runs no setuid program and has no devices", func() {
		bind(Access{Mapping: mapped})
		var found unix.Statfs_t
		Expect(unix.Statfs(slot, &found)).To(Succeed())
		Expect(found.Flags & unix.ST_NOSUID).NotTo(BeZero())
		Expect(found.Flags & unix.ST_NODEV).NotTo(BeZero())
		Expect(found.Flags & unix.ST_RDONLY).To(BeZero())
	})

	It("can be read-only", func() {
		bind(Access{Mapping: mapped, ReadOnly: true})
		Expect(write(inner, slot+"/kept")).To(MatchError(unix.EROFS))
		Expect(boundTo(slots)).To(Equal(Binding{Source: project.Name(), IDMapped: true, ReadOnly: true}))
	})

	It("is id-mapped even where the ids are the same, for the sake of the others", func() {
		same := Mapping{OutsideUID: 1234, OutsideGID: 1235, InsideUID: 1234, InsideGID: 1235}
		Expect(bind(Access{Mapping: same}).IDMapped).To(BeTrue())
		Expect(owner(slot)).To(Equal([2]uint32{1234, 1235}))
	})

	It("is left as it is when it is bound again, and is not covered by another", func() {
		bind(Access{Mapping: mapped})
		Expect(bind(Access{Mapping: mapped})).To(Equal(Result{IDMapped: true}))
		Expect(mounts(slot)).To(HaveLen(1))
		_, err := slots.Bind("dev-0", "workspace", newProject(), Access{Mapping: mapped})
		Expect(err).To(MatchError(ErrBound))
		Expect(boundTo(slots)).To(HaveField("Source", project.Name()))
	})

	It("comes without the mounts below it, there or to come, which can be listed", func() {
		around := temporary()
		mountTemporary("tmpfs", around, "")
		Expect(unix.Mount("", around, "", unix.MS_SHARED, "")).To(Succeed(), "as systemd has all mounts of a host")
		Expect(os.Mkdir(around+"/project", 0o755)).To(Succeed())
		project = projectAt(around + "/project")
		Expect(os.Mkdir(project.Name()+"/sub", 0o755)).To(Succeed())
		Expect(os.Mkdir(project.Name()+"/later", 0o755)).To(Succeed())
		mountTemporary("tmpfs", project.Name()+"/sub", "")
		Expect(os.WriteFile(project.Name()+"/sub/docker.sock", nil, 0o644)).To(Succeed())
		bind(Access{Mapping: mapped})
		mountTemporary("tmpfs", project.Name()+"/later", "")
		Expect(os.WriteFile(project.Name()+"/later/file", nil, 0o644)).To(Succeed())
		Expect(os.ReadDir(slot + "/sub")).To(BeEmpty())
		Expect(os.ReadDir(slot + "/later")).To(BeEmpty())
		Expect(Below(project.Name())).To(Equal([]string{project.Name() + "/later", project.Name() + "/sub"}))
	})

	It("stays in place when the slots are closed and opened again", func() {
		bind(Access{Mapping: mapped})
		again := openSlots(filepath.Dir(filepath.Dir(slot)))
		Expect(boundTo(again)).To(HaveField("Source", project.Name()))
		Expect(mounts(again.dir)).To(HaveLen(1))
		Expect(again.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(mounts(slot)).To(BeEmpty())
	})

	It("is known to appear, or not, where a process looks for it", func() {
		self := os.Getpid()
		Expect(Appears(self, slot, project)).To(BeFalse())
		Expect(Appears(self, slot+"/none", project)).To(BeFalse())
		bind(Access{Mapping: mapped})
		Expect(Appears(self, slot, project)).To(BeTrue())
		Expect(Appears(self, slot, newProject())).To(BeFalse())
		Expect(Appears(os.Getppid(), slot, project)).To(BeFalse(), "the mount namespace of the machine has no part in it")
		_, err := Appears(1<<30, slot, project)
		Expect(err).To(MatchError(os.ErrNotExist))
	})

	It("is unbound with all that was mounted over it", func() {
		bind(Access{Mapping: mapped})
		other := newProject()
		Expect(unix.Mount(other.Name(), slot, "", unix.MS_BIND, "")).To(Succeed())
		Expect(mounts(slot)).To(HaveLen(2))
		Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(mounts(slot)).To(BeEmpty())
		Expect(os.ReadFile(other.Name() + "/kept")).To(BeEquivalentTo("kept"))
	})

	It("takes one user namespace for each mapping, and no process", func() {
		made := map[Mapping]*os.File{}
		for _, m := range []Mapping{mapped, {OutsideUID: 5, OutsideGID: 5}, mapped} {
			bind(Access{Mapping: m})
			Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
			for known, namespace := range made {
				Expect(slots.namespaces.open[known]).To(BeIdenticalTo(namespace))
			}
			maps.Copy(made, slots.namespaces.open)
		}
		Expect(made).To(HaveLen(2))
		_, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		Expect(err).To(MatchError(unix.ECHILD))
	})

	It("can be unbound when nothing is bound, and where no slot is", func() {
		Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(slots.Unbind("dev-0", "none")).To(Succeed())
		Expect(slots.Unbind("none", "none")).To(Succeed())
	})

	It("is not bound where no slot is, nor to a slot that is a link", func() {
		_, err := slots.Bind("dev-1", "workspace", project, Access{Mapping: mapped})
		Expect(err).To(MatchError(os.ErrNotExist))
		Expect(os.Symlink(temporary(), slots.Path("dev-0", "link"))).To(Succeed())
		_, err = slots.Bind("dev-0", "link", project, Access{Mapping: mapped})
		Expect(err).To(MatchError(unix.ELOOP))
	})

	It("is refused, rather than bound where no container sees it, when the slots' mount is gone", func() {
		Expect(unix.Unmount(slots.dir, unix.MNT_DETACH)).To(Succeed())
		_, err := slots.Bind("dev-0", "workspace", project, Access{Mapping: mapped})
		Expect(err).To(HaveOccurred())
		Expect(mounts(slot)).To(BeEmpty())
	})

	DescribeTable("is bound from every kind of file system",
		func(kind, options string, idMapped bool) {
			dir := temporary()
			if kind == "overlay" {
				mountTemporary("tmpfs", dir, "")
				for _, part := range []string{"lower", "upper", "work", "merged"} {
					Expect(os.Mkdir(filepath.Join(dir, part), 0o755)).To(Succeed())
				}
				options = "lowerdir=" + dir + "/lower,upperdir=" + dir + "/upper,workdir=" + dir + "/work"
				dir += "/merged"
			}
			mountTemporary(kind, dir, options)
			project = projectAt(dir)
			result := bind(Access{Mapping: mapped})
			Expect(result.IDMapped).To(Equal(idMapped))
			Expect(os.ReadFile(slot + "/kept")).To(BeEquivalentTo("kept"))
			if idMapped {
				Expect(result.Warning).To(BeEmpty())
				Expect(owner(slot)).To(Equal([2]uint32{1001, 1002}))
				return
			}
			Expect(result.Warning).To(And(ContainSubstring("its file system is "+kind), ContainSubstring(`user: "1234:1235"`), ContainSubstring("workspace.mode: copy")))
			Expect(owner(slot)).To(Equal([2]uint32{1234, 1235}))
			Expect(boundTo(slots)).To(HaveField("IDMapped", false))
			var found unix.Statfs_t
			Expect(unix.Statfs(slot, &found)).To(Succeed())
			Expect(found.Flags & unix.ST_NOSUID).NotTo(BeZero())
		},
		Entry("mapped from tmpfs", "tmpfs", "", true),
		Entry("with a warning from overlay", "overlay", "", false),
		Entry("with a warning from ramfs", "ramfs", "", false),
	)
})
