package reconcile

import (
	"context"
	"errors"
	"fmt"

	"hal-controller/pkg/runtime"
)

func (o *observer) network(ctx context.Context, pool string) (*runtime.Network, error) {
	o.mu.Lock()
	v := o.view(pool)
	network, read := v.network, v.networkRead
	v.networkRead = true
	o.mu.Unlock()
	if read && network != nil {
		return network, nil
	}
	networks, err := o.runtime.ListNetworks(ctx, pool)
	if err != nil {
		o.invalidate(runtime.Event{Kind: runtime.EventNetwork, Pool: pool})
		return nil, fmt.Errorf("list the networks of pool %q: %w", pool, err)
	}
	network = nil
	for _, n := range networks {
		if n.Name == networkName(pool) {
			network = &n
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	v.network = network
	return network, nil
}

func (o *observer) volumes(ctx context.Context, pool string) (map[string]runtime.Volume, error) {
	o.mu.Lock()
	v := o.view(pool)
	volumes, read := v.volumes, v.volumesRead
	v.volumesRead = true
	o.mu.Unlock()
	if read && volumes != nil {
		return volumes, nil
	}
	list, err := o.runtime.ListVolumes(ctx, pool)
	if err != nil {
		o.invalidate(runtime.Event{Kind: runtime.EventVolume, Pool: pool})
		return nil, fmt.Errorf("list the volumes of pool %q: %w", pool, err)
	}
	volumes = map[string]runtime.Volume{}
	for _, volume := range list {
		volumes[volume.Name] = volume
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	v.volumes = volumes
	return volumes, nil
}

// imagesOf remembers what is there and what is missing; an image event or a
// resync has it asked again.
func (o *observer) imagesOf(ctx context.Context, refs []string) (map[string]string, error) {
	found := map[string]string{}
	for _, ref := range refs {
		id, err := o.image(ctx, ref)
		if err != nil {
			return nil, err
		}
		if id != "" {
			found[ref] = id
		}
	}
	return found, nil
}

// image is "" for one that is missing.
func (o *observer) image(ctx context.Context, ref string) (string, error) {
	o.mu.Lock()
	id, known := o.images[ref]
	epoch := o.epoch
	o.mu.Unlock()
	if known {
		return id, nil
	}
	id, err := o.runtime.Image(ctx, ref)
	if err != nil && !errors.Is(err, runtime.ErrImageMissing) {
		return "", fmt.Errorf("look for image %q: %w", ref, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if epoch == o.epoch {
		o.images[ref] = id
	}
	return id, nil
}
