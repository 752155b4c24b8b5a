package fake

import (
	"context"
	"fmt"
	"maps"
	"time"

	"hal-controller/pkg/runtime"
)

// container is a container and what an inspection of it says.
type container struct {
	runtime.Container
	inspection runtime.Inspection
	foreign    bool
	logs       []byte
	changed    chan struct{} // closed and replaced when the state or the logs change
}

func (c *container) running() bool {
	return c.State == runtime.StateRunning || c.State == runtime.StatePaused
}

// notify wakes who follows the container.
func (c *container) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// List implements runtime.Containers. Newest first, as Docker has it.
func (r *Runtime) List(ctx context.Context, pool string) (list []runtime.Container, err error) {
	err = r.do(ctx, Call{Method: "list", Name: pool}, func() error {
		list = make([]runtime.Container, 0, len(r.containers))
		for i := len(r.containers) - 1; i >= 0; i-- {
			c := r.containers[i]
			if c.foreign || pool != "" && c.Owner.Pool != pool {
				continue
			}
			list = append(list, copyContainer(c.Container))
		}
		return nil
	})
	return list, err
}

// Inspect implements runtime.Containers.
func (r *Runtime) Inspect(ctx context.Context, id string) (inspection *runtime.Inspection, err error) {
	err = r.do(ctx, r.on("inspect", id), func() error {
		c, err := r.find(id)
		if err != nil {
			return err
		}
		inspection = copyInspection(c.inspection)
		inspection.State, inspection.Addresses = c.State, maps.Clone(c.Addresses)
		return nil
	})
	return inspection, err
}

// Create implements runtime.Containers.
func (r *Runtime) Create(ctx context.Context, spec runtime.ContainerSpec) (id string, err error) {
	err = r.do(ctx, Call{Method: "create", Name: spec.Name}, func() error {
		id, err = r.create(spec)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (r *Runtime) create(spec runtime.ContainerSpec) (string, error) {
	if err := r.nameFree(spec.Name); err != nil {
		return "", err
	}
	i, err := r.image(spec.Image)
	if err != nil {
		return "", err
	}
	if spec.Network != "" && r.ownNetwork(spec.Network) == nil {
		return "", fmt.Errorf("network %q: %w", spec.Network, runtime.ErrNotFound)
	}
	sandbox := r.named(spec.Sandbox) // no container has an empty name
	switch {
	case spec.Sandbox == "":
	case sandbox == nil:
		return "", fmt.Errorf("sandbox %q: %w", spec.Sandbox, runtime.ErrNotFound)
	case sandbox.foreign:
		return "", r.nameFree(spec.Sandbox)
	}
	r.makeVolumes(spec)
	c := r.newContainer(spec, i.ID)
	if sandbox != nil {
		c.SandboxID, c.inspection.Spec.Sandbox = sandbox.ID, sandbox.ID
	}
	r.emit(c.event("create"))
	return c.ID, nil
}

func (r *Runtime) newContainer(spec runtime.ContainerSpec, imageID string) *container {
	stored := copySpec(spec)
	stored.StopTimeout = (spec.StopTimeout + time.Second - 1).Truncate(time.Second)
	c := &container{
		Container: runtime.Container{
			ID: r.newID(), Name: spec.Name, Owner: spec.Owner, State: runtime.StateCreated,
			Created: r.now().Truncate(time.Second), Image: spec.Image, ImageID: imageID,
		},
		inspection: runtime.Inspection{Spec: stored, ImageID: imageID, RestartPolicy: "no"},
		changed:    make(chan struct{}),
	}
	r.containers = append(r.containers, c)
	return c
}

// Remove implements runtime.Containers.
func (r *Runtime) Remove(ctx context.Context, id string) error {
	return r.do(ctx, r.on("remove", id), func() error {
		if c, err := r.find(id); err == nil {
			r.remove(c)
		}
		return nil
	})
}

func (r *Runtime) remove(removed *container) {
	if removed.running() {
		r.exit(removed, 137)
	}
	for i, c := range r.containers {
		if c == removed {
			r.containers = append(r.containers[:i], r.containers[i+1:]...)
			break
		}
	}
	r.emit(removed.event("destroy"))
}

// Update implements runtime.Containers.
func (r *Runtime) Update(ctx context.Context, id string, limits runtime.Limits) error {
	return r.do(ctx, r.on("update", id), func() error {
		c, err := r.find(id)
		if err != nil {
			return err
		}
		c.inspection.Spec.Limits = limits
		c.inspection.RestartPolicy = "no"
		r.emit(c.event("update"))
		return nil
	})
}

// Rename implements runtime.Containers.
func (r *Runtime) Rename(ctx context.Context, id, name string) error {
	call := r.on("rename", id)
	call.Detail = name
	return r.do(ctx, call, func() error {
		c, err := r.find(id)
		if err != nil {
			return err
		}
		if c.Name == name {
			return nil
		}
		if err := r.nameFree(name); err != nil {
			return err
		}
		c.Name, c.inspection.Spec.Name = name, name
		r.emit(c.event("rename"))
		return nil
	})
}

// find returns a container of this instance by id.
func (r *Runtime) find(id string) (*container, error) {
	for _, c := range r.containers {
		if c.ID == id && !c.foreign {
			return c, nil
		}
	}
	return nil, fmt.Errorf("container %q: %w", id, runtime.ErrNotFound)
}

func (r *Runtime) named(name string) *container {
	for _, c := range r.containers {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (r *Runtime) nameFree(name string) error {
	switch holder := r.named(name); {
	case holder == nil:
		return nil
	case holder.foreign:
		return fmt.Errorf("%w: %q is container %.12s: remove or rename it", runtime.ErrForeign, name, holder.ID)
	default:
		return fmt.Errorf("%w: %q is container %.12s", runtime.ErrNameTaken, name, holder.ID)
	}
}
