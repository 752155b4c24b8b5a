package bind

import (
	"os"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// shown is the id that processes see for one that the disk has.
func shown(lines []syscall.SysProcIDMap, disk int) (int, bool) {
	for _, l := range lines {
		if disk >= l.ContainerID && disk < l.ContainerID+l.Size {
			return l.HostID + disk - l.ContainerID, true
		}
	}
	return 0, false
}

var _ = Describe("The map of ids", func() {
	DescribeTable("shows each id of the disk as one other, and no two as the same",
		func(outside, inside uint32) {
			lines := idMap(outside, inside)
			Expect(len(lines)).To(BeNumerically("<=", 340), "the kernel's limit")
			seen, covered := map[int]int{}, 0
			for _, l := range lines {
				Expect(l.Size).To(BeNumerically(">", 0))
				covered += l.Size
			}
			Expect(covered).To(Equal(2*(largest+1)), "no id may be left out: its files could not be written")
			for _, low := range []int{0, 1, 999, 1000, 1001, 1002, 1233, 1234, 1235, largest - 1, largest} {
				for _, id := range []int{low, aside + low} {
					as, ok := shown(lines, id)
					Expect(ok).To(BeTrue(), "%d", id)
					Expect(seen).NotTo(HaveKey(as), "%d", id)
					seen[as] = id
				}
			}
		},
		Entry("of two people", uint32(1234), uint32(1001)),
		Entry("of two people the other way round", uint32(1001), uint32(1234)),
		Entry("of one id on both sides", uint32(1000), uint32(1000)),
		Entry("of root outside", uint32(0), uint32(1001)),
		Entry("of root inside", uint32(1000), uint32(0)),
		Entry("of root on both sides", uint32(0), uint32(0)),
		Entry("of the ids at the ends", uint32(0), uint32(largest)),
		Entry("of the ids at the other ends", uint32(largest), uint32(0)),
	)

	DescribeTable("shows the person as the worker's user, and nobody else as a user of the worker",
		func(disk, want int) {
			as, ok := shown(idMap(1234, 1001), disk)
			Expect(ok).To(BeTrue())
			Expect(as).To(Equal(want))
		},
		Entry("the person", 1234, 1001),
		Entry("root", 0, aside),
		Entry("who has the id of the worker's user outside", 1001, aside+1001),
		Entry("what root inside writes", aside, 0),
		Entry("what the person's id writes inside", aside+1234, 1234),
		Entry("the one id that is left", aside+1001, aside+1234),
	)

	It("refuses ids that it would move to themselves", func() {
		Expect(Mapping{OutsideUID: largest, InsideGID: largest}.check()).To(Succeed())
		Expect(Mapping{OutsideUID: largest + 1}.check()).To(MatchError(ContainSubstring("ids above 2147483646")))
		Expect(Mapping{InsideGID: 4294967295}.check()).NotTo(Succeed())
	})
})

var _ = Describe("Whose rights a worker has", func() {
	directory := func(uid, gid int) *os.File {
		needsRoot()
		dir := GinkgoT().TempDir()
		Expect(os.Chown(dir, uid, gid)).To(Succeed())
		f, err := os.Open(dir)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(f.Close)
		return f
	}
	DescribeTable("are those of who asks",
		func(uid, gid int, c Caller, want Mapping) {
			want.InsideUID, want.InsideGID = 1001, 1002
			Expect(c.Mapping(directory(uid, gid), 1001, 1002)).To(Equal(want))
		},
		Entry("in a directory of their own", 1234, 1234, Caller{UID: 1234, GID: 1234}, Mapping{OutsideUID: 1234, OutsideGID: 1234}),
		Entry("in one of somebody else, whose rights they do not get", 5555, 5555, Caller{UID: 1234, GID: 100}, Mapping{OutsideUID: 1234, OutsideGID: 100}),
		Entry("with the group of the directory, if they are in it", 5555, 2000, Caller{UID: 1234, GID: 100, Groups: []uint32{7, 2000}}, Mapping{OutsideUID: 1234, OutsideGID: 2000}),
		Entry("but those of the owner, if root asks", 1234, 2000, Caller{}, Mapping{OutsideUID: 1234, OutsideGID: 2000}),
	)
})
