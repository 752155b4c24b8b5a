package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"hal-controller/pkg/runtime"
)

// projectLimit bounds a projection: a world needs a handful of passes for each
// batch of a rollout.
const projectLimit = 10_000

// Project is the plan for the whole way to what is declared: Diff, and then Diff
// of the world that its actions would make, until nothing is left to do. It
// takes every action to work and every container to be ready at once. It never
// changes its argument.
func Project(s State) Plan {
	s = modelOf(s)
	var whole Plan
	for n := range projectLimit {
		s.Rollout = Advance(s)
		p := Diff(s)
		if len(p.Actions) == 0 {
			whole.Waiting = p.Waiting // what is still in the way at the end
			if p.RequeueAfter == 0 || !s.Rollout.rollingOut() {
				break
			}
			s.Now = s.Now.Add(p.RequeueAfter) // let a new worker come of age
			continue
		}
		for _, a := range p.Actions {
			whole.Actions = append(whole.Actions, a)
			apply(&s.Observed, a, s, n)
		}
	}
	return whole
}

// modelOf is a copy that actions can be applied to.
func modelOf(s State) State {
	o := &s.Observed
	o.Containers = slices.Clone(o.Containers)
	o.Volumes, o.Images, o.Health = copyOf(o.Volumes), copyOf(o.Images), copyOf(o.Health)
	o.Stopping = nil
	return s
}

func copyOf[K comparable, V any](m map[K]V) map[K]V {
	out := map[K]V{}
	maps.Copy(out, m)
	return out
}

// apply does to a model what an action does to an engine.
func apply(o *Observed, action Action, s State, pass int) {
	switch a := action.(type) {
	case CreateNetwork:
		o.Network = &runtime.Network{Name: a.Spec.Name, Pool: a.Spec.Pool, Internal: a.Spec.Internal}
	case CreateVolume:
		o.Volumes[a.Spec.Name] = runtime.Volume{Name: a.Spec.Name, Pool: a.Spec.Pool}
	case ImportPause:
		o.Images[runtime.PauseImage] = runtime.PauseImage
	case RemoveNetwork:
		o.Network = nil
	case RemoveVolume:
		delete(o.Volumes, a.Name)
	case Create:
		o.Containers = append(o.Containers, created(o, a.Spec, s, pass))
	case Start:
		edit(o, a.ID, func(c *runtime.Container) { started(c, s) })
	case Stop:
		edit(o, a.ID, func(c *runtime.Container) {
			c.State, c.Inspection = runtime.StateExited, &runtime.Inspection{ExitCode: 143, FinishedAt: s.Now}
		})
	case Update:
		edit(o, a.ID, func(c *runtime.Container) { c.Inspection = nil })
	case Rename:
		edit(o, a.ID, func(c *runtime.Container) { c.Name = a.To })
	case Remove:
		o.Containers = slices.DeleteFunc(o.Containers, func(c runtime.Container) bool { return c.ID == a.ID })
	}
}

func created(o *Observed, want runtime.ContainerSpec, s State, pass int) runtime.Container {
	c := runtime.Container{
		ID: fmt.Sprintf("%s#%d", want.Name, pass), Name: want.Name, Owner: want.Owner,
		State: runtime.StateCreated, Created: s.Now, Image: want.Image,
	}
	if sandbox := o.sandbox(); want.Sandbox != "" && sandbox != nil {
		c.SandboxID = sandbox.ID
	}
	return c
}

func started(c *runtime.Container, s State) {
	c.State = runtime.StateRunning
	c.Inspection = nil
	if c.SandboxID == "" {
		c.Addresses = map[string]string{networkName(s.Name): "0.0.0.0"}
	}
}

func edit(o *Observed, id string, change func(*runtime.Container)) {
	for i := range o.Containers {
		if o.Containers[i].ID == id {
			change(&o.Containers[i])
		}
	}
	delete(o.Health, id)
}
