package docker

import (
	"context"
	"errors"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"hal-controller/pkg/runtime"
)

// ListNetworks implements runtime.Networks.
func (e *Engine) ListNetworks(ctx context.Context, pool string) ([]runtime.Network, error) {
	found, err := e.client.NetworkList(ctx, network.ListOptions{Filters: e.filter(pool)})
	if err != nil {
		return nil, e.failure(err)
	}
	networks := make([]runtime.Network, 0, len(found))
	for _, n := range found {
		networks = append(networks, networkOf(n))
	}
	return networks, nil
}

func networkOf(n network.Summary) runtime.Network {
	return runtime.Network{ID: n.ID, Name: n.Name, Pool: n.Labels[labelPool], Internal: n.Internal}
}

// CreateNetwork implements runtime.Networks. Engines let two networks have one
// name; the client asks those before API 1.44 to check, later ones always do.
func (e *Engine) CreateNetwork(ctx context.Context, spec runtime.NetworkSpec) error {
	_, err := e.client.NetworkCreate(ctx, spec.Name, network.CreateOptions{
		Driver: "bridge", Internal: spec.Internal, Labels: e.ours(spec.Pool),
	})
	switch {
	case errdefs.IsConflict(err):
		return e.networkConflict(ctx, spec.Name, err)
	case errdefs.IsInvalidArgument(err):
		return refusal(runtime.ErrInvalid, err)
	default:
		return e.failure(err)
	}
}

func (e *Engine) networkConflict(ctx context.Context, name string, conflict error) error {
	found, err := e.networksNamed(ctx, name)
	switch {
	case err != nil:
		return err
	case len(found.ours) > 0:
		return refusal(runtime.ErrNameTaken, conflict)
	case found.foreignID != "":
		return foreign("network", name, found.foreignID)
	default:
		return said{conflict} // gone meanwhile: worth a retry
	}
}

// RemoveNetwork implements runtime.Networks. A foreign network of the name does
// not exist here, and stays.
func (e *Engine) RemoveNetwork(ctx context.Context, name string) error {
	found, err := e.networksNamed(ctx, name)
	if err != nil {
		return err
	}
	for _, id := range found.ours {
		err = errors.Join(err, e.removeNetwork(ctx, id))
	}
	return err
}

func (e *Engine) removeNetwork(ctx context.Context, id string) error {
	err := e.client.NetworkRemove(ctx, id)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case errdefs.IsPermissionDenied(err), errdefs.IsConflict(err): // "has active endpoints": 403 with 20.10
		return refusal(runtime.ErrInUse, err)
	default:
		return e.failure(err)
	}
}

// namesakes are the networks of one name.
type namesakes struct {
	ours      []string // ids
	foreignID string
}

// networksNamed looks by listing: an inspection of a name that two networks have
// is an error.
func (e *Engine) networksNamed(ctx context.Context, name string) (namesakes, error) {
	found, err := e.client.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))})
	if err != nil {
		return namesakes{}, e.failure(err)
	}
	var same namesakes
	for _, n := range found {
		switch {
		case n.Name != name: // the engine looks for names that contain it
		case e.owns(n.Labels):
			same.ours = append(same.ours, n.ID)
		default:
			same.foreignID = n.ID
		}
	}
	return same, nil
}
