package bind

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// These are the person outside and the worker's user inside.
var (
	person = Caller{UID: 1234, GID: 1235}
	inner  = Caller{UID: 1001, GID: 1002}
	mapped = Mapping{OutsideUID: person.UID, OutsideGID: person.GID, InsideUID: inner.UID, InsideGID: inner.GID}
)

// temporary is a directory of the spec's own that everybody can look into.
func temporary() string {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	return dir
}

// openSlots opens slots in a directory, and unmounts all of it in the end: before
// the directory is removed, and with it what would be bound there.
func openSlots(dir string) *Slots {
	GinkgoHelper()
	s, err := Open(dir)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		_ = s.Close()
		unmountAll(s.dir)
	})
	return s
}

func unmountAll(dir string) {
	GinkgoHelper()
	table, err := mountTable()
	Expect(err).NotTo(HaveOccurred())
	for _, m := range slices.Backward(table) {
		if within(m.Mountpoint, dir) {
			_ = unix.Unmount(m.Mountpoint, unix.MNT_DETACH)
		}
	}
	Expect(mounts(dir)).To(BeEmpty())
	Expect(Below(dir)).To(BeEmpty())
}

// boundTo is what is bound to the slot workspace of worker dev-0.
func boundTo(s *Slots) Binding {
	GinkgoHelper()
	binding, bound, err := s.Bound("dev-0", "workspace")
	Expect(err).NotTo(HaveOccurred())
	Expect(bound).To(BeTrue())
	return binding
}

// newSlots are slots with one that is ready: of worker dev-0, named workspace.
func newSlots() *Slots {
	GinkgoHelper()
	needsRoot()
	s := openSlots(filepath.Join(temporary(), "slots"))
	Expect(s.Make("dev-0", "workspace")).To(Succeed())
	return s
}

// newProject is a directory of the person's with a file "kept" in it.
func newProject() *os.File {
	GinkgoHelper()
	return projectAt(temporary())
}

func projectAt(dir string) *os.File {
	GinkgoHelper()
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dir, "kept"), []byte("kept"), 0o644)).To(Succeed())
	for _, path := range []string{dir, filepath.Join(dir, "kept")} {
		Expect(os.Chown(path, int(person.UID), int(person.GID))).To(Succeed())
	}
	return openAt(dir)
}

func openAt(dir string) *os.File {
	GinkgoHelper()
	fd, err := openPlace(unix.AT_FDCWD, dir, 0)
	Expect(err).NotTo(HaveOccurred())
	f := os.NewFile(uintptr(fd), dir)
	DeferCleanup(f.Close)
	return f
}

// owner is who a file belongs to, as "uid:gid" would.
func owner(path string) [2]uint32 {
	GinkgoHelper()
	info, err := os.Lstat(path)
	Expect(err).NotTo(HaveOccurred())
	found := info.Sys().(*syscall.Stat_t)
	return [2]uint32{found.Uid, found.Gid}
}

// mountTemporary mounts a file system for as long as the spec runs.
func mountTemporary(kind, target, data string) {
	GinkgoHelper()
	Expect(unix.Mount(kind, target, kind, 0, data)).To(Succeed())
	DeferCleanup(func() { _ = unix.Unmount(target, unix.MNT_DETACH) })
}
