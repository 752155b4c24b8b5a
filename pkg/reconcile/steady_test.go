package reconcile_test

import (
	"fmt"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

var (
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	dawn = noon.Add(-6 * time.Hour)
)

// newPool is a small pool of two warm workers, a parent and a volume, defaulted.
func newPool(edits ...func(*spec.Pool)) *spec.Pool {
	p := &spec.Pool{
		APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: "dev"},
		Spec: spec.PoolSpec{
			Parent: &spec.Service{
				Image: "parent:1", Ports: []string{"8000:8000"},
				Readiness: &spec.Probe{HTTPGet: &spec.HTTPGet{Port: 8000}},
				Volumes:   []spec.VolumeMount{{Name: "data", Target: "/data"}},
			},
			Workers: spec.Workers{Warm: 2, Template: spec.WorkerTemplate{Image: "worker:1"}},
			Volumes: []spec.Volume{{Name: "data"}},
		},
	}
	for _, edit := range edits {
		edit(p)
	}
	spec.Default(p)
	return p
}

// steady is the state of a pool that is as declared, and has been since dawn.
func steady(edits ...func(*spec.Pool)) *reconcile.State {
	p := newPool(edits...)
	want := reconcile.Desire(p)
	s := &reconcile.State{
		Name: "dev", Pool: p, Generation: 1, Now: noon,
		Observed: reconcile.Observed{
			Network: &runtime.Network{Name: want.Network.Name, Pool: "dev", Internal: want.Network.Internal},
			Volumes: map[string]runtime.Volume{},
			Images:  map[string]string{runtime.PauseImage: "id", "parent:1": "id", "parent:2": "id", "worker:1": "id", "worker:2": "id"},
			Health:  map[string]reconcile.Health{},
			Host:    runtime.Host{Total: 64 << 30, Available: 32 << 30},
		},
	}
	for _, v := range want.Volumes {
		s.Observed.Volumes[v.Name] = runtime.Volume{Name: v.Name, Pool: v.Pool}
	}
	if want.Sandbox != nil {
		s.Observed.Containers = append(s.Observed.Containers, runningFrom(*want.Sandbox))
	}
	for _, service := range want.Services {
		s.Observed.Containers = append(s.Observed.Containers, runningFrom(service.Spec))
		if service.Readiness != nil {
			s.Observed.Health[service.Spec.Name] = reconcile.Health{State: reconcile.HealthReady, Since: dawn}
		}
	}
	for ordinal := range p.Spec.Workers.Warm {
		s.Observed.Containers = append(s.Observed.Containers, runningFrom(want.Worker.Worker(ordinal)))
	}
	s.Rollout = reconcile.Advance(*s)
	return s
}

// runningFrom is a container that runs as it was asked to; its id is its name.
func runningFrom(want runtime.ContainerSpec) runtime.Container {
	c := runtime.Container{
		ID: want.Name, Name: want.Name, Owner: want.Owner, State: runtime.StateRunning,
		Created: dawn, Image: want.Image, Addresses: map[string]string{},
		Inspection: &runtime.Inspection{StartedAt: dawn, Spec: want, RestartPolicy: "no"},
	}
	if want.Sandbox != "" {
		c.SandboxID = want.Sandbox
	} else {
		c.Addresses[want.Network] = "172.18.0.2"
	}
	return c
}

// on changes one container of a state.
func on(s *reconcile.State, name string, change func(*runtime.Container)) {
	for i := range s.Observed.Containers {
		if s.Observed.Containers[i].Name == name {
			change(&s.Observed.Containers[i])
			return
		}
	}
	panic(fmt.Sprintf("no container %q in this state", name))
}

func remove(s *reconcile.State, name string) {
	for i, c := range s.Observed.Containers {
		if c.Name == name {
			s.Observed.Containers = append(s.Observed.Containers[:i:i], s.Observed.Containers[i+1:]...)
			return
		}
	}
	panic(fmt.Sprintf("no container %q in this state", name))
}

func exit(code int, at time.Time) func(*runtime.Container) {
	return func(c *runtime.Container) {
		i := *c.Inspection
		i.ExitCode, i.FinishedAt = code, at
		c.State, c.Inspection, c.Addresses = runtime.StateExited, &i, nil
	}
}

func restartedAt(at time.Time) func(*runtime.Container) {
	return func(c *runtime.Container) {
		i := *c.Inspection
		i.StartedAt = at
		c.Inspection = &i
	}
}

// claim gives a worker the name that a claim gives it.
func claim(s *reconcile.State, name, by string) {
	on(s, name, func(c *runtime.Container) { c.Name = name + "." + by })
}

// addWorker adds a running worker of the pool's template.
func addWorker(s *reconcile.State, ordinal int, changes ...func(*runtime.Container)) {
	c := runningFrom(reconcile.Desire(s.Pool).Worker.Worker(ordinal))
	for _, change := range changes {
		change(&c)
	}
	s.Observed.Containers = append(s.Observed.Containers, c)
}

// declare changes the manifest under a state, as an edit of the file does.
func declare(s *reconcile.State, edits ...func(*spec.Pool)) {
	s.Pool = newPool(edits...)
	s.Generation++
	s.Rollout = reconcile.Advance(*s)
}
