package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"

	"hal-controller/pkg/runtime"
)

// ListVolumes implements runtime.Volumes. It looks at the labels again, for Podman
// (4.3) gives what has any of those asked for: the volumes of other pools, too.
func (e *Engine) ListVolumes(ctx context.Context, pool string) ([]runtime.Volume, error) {
	found, err := e.client.VolumeList(ctx, volume.ListOptions{Filters: e.filter(pool)})
	if err != nil {
		return nil, e.failure(err)
	}
	volumes := make([]runtime.Volume, 0, len(found.Volumes))
	for _, v := range found.Volumes {
		if !e.owns(v.Labels) || pool != "" && v.Labels[labelPool] != pool {
			continue
		}
		volumes = append(volumes, runtime.Volume{
			Name: v.Name, Pool: v.Labels[labelPool], Created: timeOf(v.CreatedAt),
		})
	}
	return volumes, nil
}

// CreateVolume implements runtime.Volumes. The engine answers a create of a name
// that exists with the volume of that name, whosever it is.
func (e *Engine) CreateVolume(ctx context.Context, spec runtime.VolumeSpec) error {
	v, err := e.client.VolumeCreate(ctx, volume.CreateOptions{Name: spec.Name, Labels: e.ours(spec.Pool)})
	switch {
	case errdefs.IsConflict(err):
		return foreignVolume(spec.Name) // of another driver
	case errdefs.IsInvalidArgument(err):
		return refusal(runtime.ErrInvalid, err)
	case err != nil:
		return e.failure(err)
	case !e.owns(v.Labels) || v.Labels[labelPool] != spec.Pool:
		return foreignVolume(spec.Name)
	default:
		return nil
	}
}

// RemoveVolume implements runtime.Volumes.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	v, err := e.client.VolumeInspect(ctx, name)
	if err == nil && !e.owns(v.Labels) {
		return foreignVolume(name)
	}
	if err == nil {
		err = e.client.VolumeRemove(ctx, name, false)
	}
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err):
		return refusal(runtime.ErrInUse, err)
	default:
		return e.failure(err)
	}
}

func foreignVolume(name string) error {
	return fmt.Errorf("%w: volume %q is not of this instance and pool: remove it, or choose another name",
		runtime.ErrForeign, name)
}
