package bind

import (
	"fmt"
	"os"
	"syscall"
)

// Mapping says which user and group of the host a worker's user and group stand
// for in a bound directory. Outside is the host, as the disk has it; inside is
// the container.
//
// Only these two are mapped onto each other. Every other id is moved out of the
// way, 2147483648 up or down: root's files belong to 2147483648 inside, readable
// as their modes say, and nothing inside can write as root of the host, nor as
// any other user of it, even as root of the container. With the other ids left
// as they are, a process of the container that is root could leave a setuid
// program of root in the project.
type Mapping struct {
	OutsideUID, OutsideGID uint32
	InsideUID, InsideGID   uint32
}

// aside is how far ids that are nobody's concern are moved. No user of a host
// has an id that high: it is negative to whoever takes ids for signed numbers.
const aside = 1 << 31

// largest is the highest id that can be mapped; 4294967295, its neighbour moved
// aside, means "no id" to the kernel.
const largest = aside - 2

// Mapping is what the caller's rights on a directory become in a worker whose
// user is insideUID:insideGID.
//
// The worker's user stands for the caller, never for the directory's owner: a
// directory that the caller can only read stays read-only inside. The group is
// the directory's if the caller is a member of it, so that shared projects can
// be worked on and what is written stays theirs; the caller's own otherwise.
// Root stands for the owner, so that what root starts for a person stays theirs.
func (c Caller) Mapping(directory *os.File, insideUID, insideGID uint32) (Mapping, error) {
	m := Mapping{OutsideUID: c.UID, OutsideGID: c.GID, InsideUID: insideUID, InsideGID: insideGID}
	info, err := directory.Stat()
	if err != nil {
		return Mapping{}, fmt.Errorf("find the owner of %s: %w", directory.Name(), err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if c.UID == 0 {
		m.OutsideUID = owner.Uid
	}
	if c.UID == 0 || c.memberOf(owner.Gid) {
		m.OutsideGID = owner.Gid
	}
	return m, nil
}

// check names an id that cannot be mapped.
func (m Mapping) check() error {
	for _, id := range []uint32{m.OutsideUID, m.OutsideGID, m.InsideUID, m.InsideGID} {
		if id > largest {
			return fmt.Errorf("map %d:%d of the host to %d:%d of the worker: ids above %d cannot be mapped; use a lower one",
				m.OutsideUID, m.OutsideGID, m.InsideUID, m.InsideGID, largest)
		}
	}
	return nil
}

// users and groups are the lines of uid_map and gid_map of a user namespace that
// maps a mount so.
func (m Mapping) users() []syscall.SysProcIDMap  { return idMap(m.OutsideUID, m.InsideUID) }
func (m Mapping) groups() []syscall.SysProcIDMap { return idMap(m.OutsideGID, m.InsideGID) }

// idMap maps outside to inside and all others aside, each id to one id, both
// ways. In the map of a mount "container" is what the disk has, and "host" is
// what processes see.
func idMap(outside, inside uint32) []syscall.SysProcIDMap {
	o, i := int(outside), int(inside)
	lines := []syscall.SysProcIDMap{
		{ContainerID: o, HostID: i, Size: 1},
		{ContainerID: 0, HostID: aside, Size: o},
		{ContainerID: o + 1, HostID: aside + o + 1, Size: largest - o},
		// The upper half, for what other users inside write.
		{ContainerID: aside + i, HostID: aside + o, Size: 1},
		{ContainerID: aside, HostID: 0, Size: i},
		{ContainerID: aside + i + 1, HostID: i + 1, Size: largest - i},
	}
	kept := lines[:0]
	for _, line := range lines {
		if line.Size > 0 {
			kept = append(kept, line)
		}
	}
	return kept
}
