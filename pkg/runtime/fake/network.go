package fake

import (
	"context"
	"fmt"
	"slices"

	"hal-controller/pkg/runtime"
)

type network struct {
	runtime.Network
	foreign bool
}

// ListNetworks implements runtime.Networks.
func (r *Runtime) ListNetworks(ctx context.Context, pool string) (list []runtime.Network, err error) {
	err = r.do(ctx, Call{Method: "list networks", Name: pool}, func() error {
		for _, n := range r.networks {
			if !n.foreign && (pool == "" || n.Pool == pool) {
				list = append(list, n.Network)
			}
		}
		return nil
	})
	return list, err
}

// CreateNetwork implements runtime.Networks.
func (r *Runtime) CreateNetwork(ctx context.Context, spec runtime.NetworkSpec) error {
	return r.do(ctx, Call{Method: "create network", Name: spec.Name}, func() error {
		switch holder := r.networkNamed(spec.Name); {
		case holder == nil:
		case holder.foreign:
			return fmt.Errorf("%w: %q is network %.12s: remove it", runtime.ErrForeign, spec.Name, holder.ID)
		default:
			return fmt.Errorf("%w: %q is network %.12s", runtime.ErrNameTaken, spec.Name, holder.ID)
		}
		r.networks = append(r.networks, &network{Network: runtime.Network{
			ID: r.newID(), Name: spec.Name, Pool: spec.Pool, Internal: spec.Internal,
		}})
		r.emit(runtime.Event{Kind: runtime.EventNetwork, Action: "create", ID: spec.Name, Pool: spec.Pool})
		return nil
	})
}

// RemoveNetwork implements runtime.Networks.
func (r *Runtime) RemoveNetwork(ctx context.Context, name string) error {
	return r.do(ctx, Call{Method: "remove network", Name: name}, func() error {
		n := r.ownNetwork(name)
		if n == nil {
			return nil
		}
		for _, c := range r.containers {
			if c.running() && c.inspection.Spec.Network == name {
				return fmt.Errorf("network %q: %w by container %q", name, runtime.ErrInUse, c.Name)
			}
		}
		r.networks = slices.DeleteFunc(r.networks, func(each *network) bool { return each == n })
		r.emit(runtime.Event{Kind: runtime.EventNetwork, Action: "destroy", ID: name, Pool: n.Pool})
		return nil
	})
}

func (r *Runtime) networkNamed(name string) *network {
	for _, n := range r.networks {
		if n.Name == name {
			return n
		}
	}
	return nil
}

func (r *Runtime) ownNetwork(name string) *network {
	if n := r.networkNamed(name); n != nil && !n.foreign {
		return n
	}
	return nil
}

// newAddress never gives one address twice.
func (r *Runtime) newAddress() string {
	r.lastID++
	return fmt.Sprintf("10.%d.%d.%d", r.lastID>>16&255, r.lastID>>8&255, r.lastID&255)
}
