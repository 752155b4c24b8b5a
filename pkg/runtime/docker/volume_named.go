package docker

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
)

// NamedVolume is a volume of anybody's.
type NamedVolume struct {
	Name string
	// UsedBy are the names of the containers that run with it and are of no instance
	// of the controller.
	UsedBy []string
}

// VolumesNamed returns the volumes whose names begin with prefix, whosever they are,
// by name: what an import from another system begins with. No controller may ask.
// ErrUnavailable.
func (e *Engine) VolumesNamed(ctx context.Context, prefix string) ([]NamedVolume, error) {
	found, err := e.client.VolumeList(ctx, volume.ListOptions{})
	if err != nil {
		return nil, e.failure(err)
	}
	running, err := e.client.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return nil, e.failure(err)
	}
	var volumes []NamedVolume
	for _, v := range found.Volumes {
		if strings.HasPrefix(v.Name, prefix) {
			volumes = append(volumes, NamedVolume{v.Name, usersOf(v.Name, running)})
		}
	}
	slices.SortFunc(volumes, func(a, b NamedVolume) int { return strings.Compare(a.Name, b.Name) })
	return volumes, nil
}

func usersOf(volume string, containers []container.Summary) []string {
	var users []string
	for _, c := range containers {
		if c.Labels[labelInstance] == "" && len(c.Names) > 0 && slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Name == volume }) {
			users = append(users, strings.TrimPrefix(c.Names[0], "/"))
		}
	}
	return users
}
