package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// direct reads the pools from the engine by labels alone. It knows what is
// there, and not what is declared, ready or has happened.
type direct struct{ engine runtime.Runtime }

// Pools are those of which the engine has a container or a network. They have no
// spec, and a status without conditions.
func (d direct) Pools(ctx context.Context) ([]spec.Pool, error) {
	containers, err := d.engine.List(ctx, "")
	if err != nil {
		return nil, err
	}
	networks, err := d.engine.ListNetworks(ctx, "")
	if err != nil {
		return nil, err
	}
	volumes, err := d.engine.ListVolumes(ctx, "")
	if err != nil {
		return nil, err
	}
	return found(containers, networks, volumes), nil
}

// Events are none: only a daemon keeps them.
func (d direct) Events(context.Context, string) ([]reconcile.Event, error) { return nil, nil }

// Logs is the output of a container of this instance.
func (d direct) Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error) {
	return containerLogs(ctx, d.engine, container, tail, follow)
}

// found are the pools that a listing of the engine shows, by name.
func found(containers []runtime.Container, networks []runtime.Network, volumes []runtime.Volume) []spec.Pool {
	statuses := map[string]*spec.PoolStatus{}
	of := func(pool string) *spec.PoolStatus {
		if statuses[pool] == nil {
			statuses[pool] = &spec.PoolStatus{}
		}
		return statuses[pool]
	}
	for _, n := range networks {
		of(n.Pool)
	}
	containers = slices.SortedFunc(slices.Values(containers), byPlace)
	for _, c := range containers {
		count(of(c.Owner.Pool), c)
	}
	for _, v := range volumes {
		if status := statuses[v.Pool]; status != nil {
			status.Volumes = append(status.Volumes, spec.VolumeStatus{Name: reconcile.VolumeOfName(v.Pool, v.Name), EngineName: v.Name, Exists: true})
		}
	}
	var pools []spec.Pool
	for _, name := range slices.Sorted(maps.Keys(statuses)) {
		pools = append(pools, spec.Pool{
			APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: name}, Status: statuses[name],
		})
	}
	return pools
}

// byPlace orders workers by ordinal, and all others by name.
func byPlace(a, b runtime.Container) int {
	if a.Owner.Ordinal != b.Owner.Ordinal {
		return a.Owner.Ordinal - b.Owner.Ordinal
	}
	return strings.Compare(a.Name, b.Name)
}

// count adds a container to the status of its pool.
func count(status *spec.PoolStatus, c runtime.Container) {
	entry := spec.ContainerStatus{
		Name: c.Name, ID: c.ID, Role: string(c.Owner.Role), Phase: enginePhase(c.State),
		Revision: c.Owner.Revision, Image: c.Image, Created: c.Created,
	}
	if c.Owner.Role != runtime.RoleWorker {
		status.Services = append(status.Services, entry)
		return
	}
	_, entry.Claim, _ = strings.Cut(c.Name, reconcile.WorkerName(c.Owner.Pool, c.Owner.Ordinal)+".")
	switch {
	case entry.Claim != "":
		status.Claimed++
		entry.Phase = "Claimed"
	case c.State == runtime.StateRunning:
		status.Ready++
	case c.State == runtime.StateCreated:
		status.Creating++
	case c.State == runtime.StateRemoving:
		status.Terminating++
	default:
		status.Failed++
	}
	status.Workers = append(status.Workers, entry)
}

// enginePhase is the engine's word for a state, written as a phase. It is not
// "Ready": nobody asks the container.
func enginePhase(s runtime.State) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}
