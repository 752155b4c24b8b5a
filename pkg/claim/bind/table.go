package bind

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Binding is a directory in a slot.
type Binding struct {
	// Source is the directory's path on the host; empty if it has none any more.
	Source   string
	IDMapped bool
	ReadOnly bool
}

// Below lists the mounts below a directory, which Bind leaves out: the person
// should know. The path is a resolved one.
func Below(directory string) ([]string, error) {
	table, err := mountTable()
	if err != nil {
		return nil, err
	}
	var below []string
	for _, m := range table {
		if m.Mountpoint != directory && within(m.Mountpoint, directory) {
			below = append(below, m.Mountpoint)
		}
	}
	slices.Sort(below)
	return slices.Compact(below), nil
}

// mountTable is all mounts that this process sees, in the order of mounting.
func mountTable() ([]*mountinfo.Info, error) {
	table, err := mountinfo.GetMounts(nil)
	if err != nil {
		return nil, fmt.Errorf("read the mount table: %w", err)
	}
	return table, nil
}

// mounts are those on exactly this path, the topmost last.
func mounts(path string) ([]*mountinfo.Info, error) {
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) { return m.Mountpoint != path, false })
	if err != nil {
		return nil, fmt.Errorf("read the mount table: %w", err)
	}
	return found, nil
}

// findBinding is what a mount table says of a slot below the directory slots.
func findBinding(table []*mountinfo.Info, slots, slot string) (Binding, bool) {
	var top *mountinfo.Info
	for _, m := range table {
		if m.Mountpoint == slot {
			top = m
		}
	}
	if top == nil {
		return Binding{}, false
	}
	options := strings.Split(top.Options, ",")
	return Binding{
		Source:   source(table, slots, top),
		IDMapped: slices.Contains(options, "idmapped"),
		ReadOnly: slices.Contains(options, "ro"),
	}, true
}

// source is the path at which the host has what is bound: that of another mount
// of the same file system which has it, the one that shows most of it.
func source(table []*mountinfo.Info, slots string, bound *mountinfo.Info) string {
	var best *mountinfo.Info
	for _, m := range table {
		same := m.Major == bound.Major && m.Minor == bound.Minor
		if !same || within(m.Mountpoint, slots) || !within(bound.Root, m.Root) {
			continue
		}
		if best == nil || len(m.Root) < len(best.Root) {
			best = m
		}
	}
	// The kernel says so of a directory that was removed.
	if best == nil || strings.HasSuffix(bound.Root, "//deleted") {
		return ""
	}
	return path.Join(best.Mountpoint, strings.TrimPrefix(bound.Root, best.Root))
}

// within says that path is directory or below it. Both are clean and absolute.
func within(path, directory string) bool {
	return path == directory || strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
}

// isMount says that what is open is the root of a mount.
func isMount(f *os.File) (bool, error) {
	var found unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS, &found); err != nil {
		return false, fmt.Errorf("look what is mounted on %s: %w", f.Name(), err)
	}
	return found.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0, nil
}

// fileSystem is the type of the file system that an open directory is on.
func fileSystem(f *os.File) string {
	const unknown = "unknown"
	var found unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_MNT_ID, &found); err != nil {
		return unknown
	}
	table, err := mountTable()
	if err != nil {
		return unknown
	}
	i := slices.IndexFunc(table, func(m *mountinfo.Info) bool { return uint64(m.ID) == found.Mnt_id })
	if i < 0 {
		return unknown
	}
	return table[i].FSType
}

// openPlace opens a directory as a place in the file system, not for reading.
func openPlace(at int, path string, resolve uint64) (int, error) {
	return unix.Openat2(at, path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: resolve,
	})
}
