package fake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hal-controller/pkg/runtime"
)

type volume struct {
	runtime.Volume
	foreign bool
}

// ListVolumes implements runtime.Volumes.
func (r *Runtime) ListVolumes(ctx context.Context, pool string) (list []runtime.Volume, err error) {
	err = r.do(ctx, Call{Method: "list volumes", Name: pool}, func() error {
		for _, v := range r.volumes {
			if !v.foreign && (pool == "" || v.Pool == pool) {
				list = append(list, v.Volume)
			}
		}
		return nil
	})
	return list, err
}

// CreateVolume implements runtime.Volumes.
func (r *Runtime) CreateVolume(ctx context.Context, spec runtime.VolumeSpec) error {
	return r.do(ctx, Call{Method: "create volume", Name: spec.Name}, func() error {
		v := r.volumeNamed(spec.Name)
		if v != nil && (v.foreign || v.Pool != spec.Pool) {
			return foreignVolume(spec.Name)
		}
		if v == nil {
			r.addVolume(spec.Name, spec.Pool)
		}
		return nil
	})
}

// RemoveVolume implements runtime.Volumes.
func (r *Runtime) RemoveVolume(ctx context.Context, name string) error {
	return r.do(ctx, Call{Method: "remove volume", Name: name}, func() error {
		v := r.volumeNamed(name)
		if v == nil {
			return nil
		}
		if v.foreign {
			return foreignVolume(name)
		}
		for _, c := range r.containers {
			if slices.ContainsFunc(c.inspection.Spec.Mounts, mountOf(name)) {
				return fmt.Errorf("volume %q: %w by container %q", name, runtime.ErrInUse, c.Name)
			}
		}
		r.volumes = slices.DeleteFunc(r.volumes, func(each *volume) bool { return each == v })
		r.emit(runtime.Event{Kind: runtime.EventVolume, Action: "destroy", ID: name, Pool: v.Pool})
		return nil
	})
}

func foreignVolume(name string) error {
	return fmt.Errorf("%w: volume %q: remove it or choose another name", runtime.ErrForeign, name)
}

func mountOf(name string) func(runtime.Mount) bool {
	return func(m runtime.Mount) bool { return m.Type == runtime.MountVolume && m.Source == name }
}

func (r *Runtime) volumeNamed(name string) *volume {
	for _, v := range r.volumes {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func (r *Runtime) addVolume(name, pool string) *volume {
	v := &volume{Volume: runtime.Volume{Name: name, Pool: pool, Created: r.now().Truncate(time.Second)}}
	r.volumes = append(r.volumes, v)
	r.emit(runtime.Event{Kind: runtime.EventVolume, Action: "create", ID: name, Pool: pool})
	return v
}

// makeVolumes makes the volumes that a container names and that do not exist:
// like Docker, with no label, so they are nobody's.
func (r *Runtime) makeVolumes(spec runtime.ContainerSpec) {
	for _, m := range spec.Mounts {
		if m.Type == runtime.MountVolume && r.volumeNamed(m.Source) == nil {
			r.addVolume(m.Source, "").foreign = true
		}
	}
}
