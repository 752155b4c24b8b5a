package fake

import (
	"maps"
	"slices"

	"hal-controller/pkg/runtime"
)

// Snapshot is everything an engine has, ours and foreign.
type Snapshot struct {
	// Containers of the instance, oldest first, with their inspections.
	Containers []runtime.Container
	Foreign    []runtime.Container
	Networks   []runtime.Network
	Volumes    []runtime.Volume
	// ForeignNetworks and ForeignVolumes are those that carry no label of ours.
	ForeignNetworks []runtime.Network
	ForeignVolumes  []runtime.Volume
	Images          map[string]string // id by reference
}

// Snapshot copies everything; it is no call.
func (r *Runtime) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Snapshot{Images: maps.Clone(r.images)}
	for _, c := range r.containers {
		copied := copyContainer(c.Container)
		copied.Inspection = copyInspection(c.inspection)
		if c.foreign {
			s.Foreign = append(s.Foreign, copied)
		} else {
			s.Containers = append(s.Containers, copied)
		}
	}
	for _, n := range r.networks {
		if n.foreign {
			s.ForeignNetworks = append(s.ForeignNetworks, n.Network)
		} else {
			s.Networks = append(s.Networks, n.Network)
		}
	}
	for _, v := range r.volumes {
		if v.foreign {
			s.ForeignVolumes = append(s.ForeignVolumes, v.Volume)
		} else {
			s.Volumes = append(s.Volumes, v.Volume)
		}
	}
	return s
}

// Container returns the container of a name with its inspection, and whether
// there is one of this instance; it is no call.
func (r *Runtime) Container(name string) (runtime.Container, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.named(name)
	if c == nil || c.foreign {
		return runtime.Container{}, false
	}
	copied := copyContainer(c.Container)
	copied.Inspection = copyInspection(c.inspection)
	return copied, true
}

func copyContainer(c runtime.Container) runtime.Container {
	c.Addresses = maps.Clone(c.Addresses)
	c.Inspection = nil
	return c
}

func copyInspection(i runtime.Inspection) *runtime.Inspection {
	i.Spec = copySpec(i.Spec)
	return &i
}

func copySpec(s runtime.ContainerSpec) runtime.ContainerSpec {
	s.Command = slices.Clone(s.Command)
	s.Env = slices.Clone(s.Env)
	s.Labels = maps.Clone(s.Labels)
	s.Aliases = slices.Clone(s.Aliases)
	s.Ports = slices.Clone(s.Ports)
	s.Mounts = slices.Clone(s.Mounts)
	s.Tmpfs = slices.Clone(s.Tmpfs)
	s.Security.CapDrop = slices.Clone(s.Security.CapDrop)
	s.Security.CapAdd = slices.Clone(s.Security.CapAdd)
	return s
}
