package bind

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Access is what a worker may do with a directory that is bound for it.
type Access struct {
	Mapping  Mapping
	ReadOnly bool
}

// Result says how a directory was bound.
type Result struct {
	// IDMapped: the files belong to the worker's user inside and to the person
	// outside. False where the file system cannot do so: ids are the same on both
	// sides.
	IDMapped bool
	// Warning is for the person: what is not as it should be, and what to do.
	Warning string
}

// Bind makes the open directory source appear in a slot, and so in the running
// container that has the slot. It takes effect as a whole or not at all. Setuid
// programs and devices do not work in it, and mounts below source do not come
// along, neither those there are (Below) nor later ones: no socket and no
// /proc of the host gets in with a project.
//
// A slot that has the same directory already is left as it is, without an error;
// ErrBound if it has another.
func (s *Slots) Bind(worker, slot string, source *os.File, access Access) (Result, error) {
	if err := access.Mapping.check(); err != nil {
		return Result{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	target, err := s.open(worker, slot)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = target.Close() }()
	switch taken, err := isMount(target); {
	case err != nil:
		return Result{}, err
	case taken:
		return s.again(worker, slot, target, source)
	}
	result, err := s.mount(source, target, access)
	if err != nil {
		return Result{}, fmt.Errorf("bind %s to slot %s: %w", source.Name(), target.Name(), err)
	}
	return result, nil
}

// again is a Bind to a slot that is bound.
func (s *Slots) again(worker, slot string, target, source *os.File) (Result, error) {
	there, err := target.Stat()
	if err != nil {
		return Result{}, fmt.Errorf("look what is bound to slot %s: %w", target.Name(), err)
	}
	wanted, err := source.Stat()
	if err != nil {
		return Result{}, fmt.Errorf("look at %s: %w", source.Name(), err)
	}
	if !os.SameFile(there, wanted) {
		return Result{}, fmt.Errorf("bind %s to slot %s: %w: another directory is bound to it; unbind it first", source.Name(), target.Name(), ErrBound)
	}
	binding, _, err := s.Bound(worker, slot)
	return Result{IDMapped: binding.IDMapped}, err
}

// mount mounts a copy of the mount that source is on, only what is below source,
// on target. Both are named by what is open, so no path is looked up again.
func (s *Slots) mount(source, target *os.File, access Access) (Result, error) {
	tree, err := unix.OpenTree(int(source.Fd()), "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return Result{}, fmt.Errorf("copy its mount: %w", err)
	}
	defer func() { _ = unix.Close(tree) }()
	result := Result{IDMapped: true}
	if refusal := s.restrict(tree, access); refusal != nil {
		if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, access.attributes()); err != nil {
			return Result{}, fmt.Errorf("restrict its mount: %w", err)
		}
		result = Result{Warning: access.Mapping.warning(source, refusal)}
	}
	if err := unix.MoveMount(tree, "", int(target.Fd()), "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return Result{}, fmt.Errorf("attach its mount: %w", err)
	}
	return result, nil
}

// restrict gives a detached mount its attributes and its mapping, both or none.
func (s *Slots) restrict(tree int, access Access) error {
	namespace, err := s.namespaces.of(access.Mapping)
	if err != nil {
		return err
	}
	attributes := access.attributes()
	attributes.Attr_set |= unix.MOUNT_ATTR_IDMAP
	attributes.Userns_fd = uint64(namespace.Fd())
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, attributes); err != nil {
		return fmt.Errorf("id-map its mount: %w", err)
	}
	return nil
}

// attributes are those that a mount gets with or without a mapping. It is
// private, so that what is mounted below the source later stays out.
func (a Access) attributes() *unix.MountAttr {
	attributes := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	if a.ReadOnly {
		attributes.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	return attributes
}

// warning says that files keep their owners, why, and what can be done; "" where the
// worker runs as the person, so that this is what a mapping would have come to.
func (m Mapping) warning(source *os.File, refusal error) string {
	if m.InsideUID == m.OutsideUID && m.InsideGID == m.OutsideGID {
		return ""
	}
	return fmt.Sprintf("%s is bound without id mapping, so that its files keep the owners they have on the host (%v; its file system is %s): "+
		"keep it on ext4, xfs, btrfs or tmpfs, or run the workers as the person (user: \"%d:%d\"), or have it copied (workspace.mode: copy)",
		source.Name(), refusal, fileSystem(source), m.OutsideUID, m.OutsideGID)
}
