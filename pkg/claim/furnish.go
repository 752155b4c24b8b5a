package claim

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Binder puts directories of the host into workers that run. bind.Slots is one.
type Binder interface {
	Path(worker, slot string) string
	Make(worker, slot string) error
	Bind(worker, slot string, source *os.File, access bind.Access) (bind.Result, error)
	Remove(worker string) error
	Workers() ([]string, error)
}

// directory is one of the host that has been checked and is held open; or none.
type directory struct{ file *os.File }

func (d directory) Close() {
	if d.file != nil {
		_ = d.file.Close()
	}
}

// path is where it is, free of symbolic links; "" for none.
func (d directory) path() string {
	if d.file == nil {
		return ""
	}
	return d.file.Name()
}

// open opens the project of a claim, if the rules and the person's rights allow it.
func (c *Claims) open(who bind.Caller, r Request) (directory, error) {
	if r.Project == "" {
		return directory{}, nil
	}
	rules := c.Rules(who)
	rules.Roots = append(slices.Clone(rules.Roots), r.Roots...)
	file, err := rules.Resolve(r.Project, who)
	var refused *bind.RefusedError
	if errors.As(err, &refused) {
		return directory{}, &Refusal{Message: err.Error()}
	}
	return directory{file}, err
}

// furnish binds a claim's project and the person's own directories into its
// worker. It may be repeated.
func (c *Claims) furnish(r Record, project directory) (warning string, err error) {
	var warnings []string
	put := func(slot string, d directory) error {
		warning, err := c.putInto(r, slot, d)
		if warning != "" {
			warnings = append(warnings, warning)
		}
		return err
	}
	if r.Mode == spec.WorkspaceBind {
		if err := put(reconcile.WorkspaceSlot, project); err != nil {
			return "", err
		}
		below, err := bind.Below(project.path())
		if err == nil && len(below) > 0 {
			warnings = append(warnings, "what is mounted below the project is not in the worker: "+strings.Join(below, ", "))
		}
	}
	for _, slot := range r.Inside.Slots {
		volume, users := strings.CutPrefix(slot, reconcile.UserSlot(""))
		if !users {
			continue
		}
		own, err := c.userDirectory(r, volume)
		if err != nil {
			return "", err
		}
		err = put(slot, own)
		own.Close()
		if err != nil {
			return "", err
		}
	}
	return strings.Join(warnings, "; "), nil
}

// putInto binds a directory to a slot of a claim's worker.
func (c *Claims) putInto(r Record, slot string, d directory) (warning string, err error) {
	if c.Binder == nil { // the worker is from when there was one
		return "", refuse("%s cannot be bound into a worker: %v", d.path(), c.Unbindable)
	}
	if r.Inside.Unknown != "" {
		return "", errors.New(r.Inside.Unknown)
	}
	mapping, err := r.Caller.Mapping(d.file, r.Inside.UID, r.Inside.GID)
	if err != nil {
		return "", fmt.Errorf("bind %s: %w", d.path(), err)
	}
	result, err := c.Binder.Bind(r.slots(), slot, d.file, bind.Access{Mapping: mapping})
	if err != nil {
		return "", fmt.Errorf("bind %s: %w", d.path(), err)
	}
	return result.Warning, nil
}

// userDirectory opens a person's directory of a volume with scope user. It is below
// a directory of the controller's alone, and no link is followed.
func (c *Claims) userDirectory(r Record, volume string) (directory, error) {
	path, err := c.UserDir(r.Caller, r.Pool, volume)
	if err != nil {
		return directory{}, fmt.Errorf("make the directory of volume %q: %w", volume, err)
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return directory{}, fmt.Errorf("open %s: %w", path, err)
	}
	return directory{os.NewFile(uintptr(fd), path)}, nil
}

// Slots makes the slots of new workers. It implements reconcile.Slots.
type Slots struct{ Binder Binder }

// Fill makes a worker's slots, empty, and puts them in the place of its slot mounts.
// What an earlier worker of that name left is taken away first.
func (s Slots) Fill(spec runtime.ContainerSpec) (runtime.ContainerSpec, error) {
	worker := spec.Name
	spec.Mounts = slices.Clone(spec.Mounts)
	cleared := false
	for i, m := range spec.Mounts {
		if m.Type != runtime.MountSlot {
			continue
		}
		if !cleared {
			if err := s.Binder.Remove(worker); err != nil {
				return spec, fmt.Errorf("take away the slots of an earlier %s: %w", worker, err)
			}
			cleared = true
		}
		if err := s.Binder.Make(worker, m.Source); err != nil {
			return spec, fmt.Errorf("make a slot of %s: %w", worker, err)
		}
		spec.Mounts[i] = runtime.Mount{
			Type: runtime.MountBind, Source: s.Binder.Path(worker, m.Source),
			Target: m.Target, Propagation: m.Propagation,
		}
	}
	return spec, nil
}
