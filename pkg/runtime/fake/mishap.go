package fake

import (
	"hal-controller/pkg/runtime"
)

// Kill ends the running container of a name with an exit code, as a crash or a
// person does. It says whether there was one.
func (r *Runtime) Kill(name string, code int) bool {
	return r.happen(name, func(c *container) bool {
		if !c.running() {
			return false
		}
		r.exit(c, code)
		return true
	})
}

// OOM ends the running container of a name for want of memory.
func (r *Runtime) OOM(name string) bool {
	return r.happen(name, func(c *container) bool {
		if !c.running() {
			return false
		}
		c.inspection.OOMKilled = true
		r.emit(c.event("oom"))
		r.exit(c, 137)
		return true
	})
}

// Pause pauses the running container of a name.
func (r *Runtime) Pause(name string) bool {
	return r.happen(name, func(c *container) bool {
		if c.State != runtime.StateRunning {
			return false
		}
		c.State = runtime.StatePaused
		r.emit(c.event("pause"))
		return true
	})
}

// Restart ends the running container of a name and starts it again under the
// same id, as `docker restart` does: joiners keep the dead namespace.
func (r *Runtime) Restart(name string) bool {
	return r.happen(name, func(c *container) bool {
		if !c.running() {
			return false
		}
		r.exit(c, r.stopCode(c))
		return r.start(c) == nil
	})
}

// Delete removes the container of a name by hand.
func (r *Runtime) Delete(name string) bool {
	return r.happen(name, func(c *container) bool {
		r.remove(c)
		return true
	})
}

// Edit changes by hand what an engine lets one change: the limits, the restart
// policy, the joined networks. A container may be edited in any way; what an
// engine would refuse is the test's own doing.
func (r *Runtime) Edit(name string, edit func(*runtime.Container, *runtime.Inspection)) bool {
	return r.happen(name, func(c *container) bool {
		edit(&c.Container, &c.inspection)
		r.emit(c.event("update"))
		return true
	})
}

func (r *Runtime) happen(name string, what func(*container) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.named(name)
	return c != nil && what(c)
}

// AddForeign adds a running container that is not of this instance and returns
// its id.
func (r *Runtime) AddForeign(name string) (id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.newContainer(runtime.ContainerSpec{Name: name, Image: "foreign"}, "sha256:foreign")
	c.foreign = true
	c.State = runtime.StateRunning
	c.inspection.StartedAt = r.now()
	return c.ID
}

// AddForeignNetwork adds a network that is not of this instance.
func (r *Runtime) AddForeignNetwork(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.networks = append(r.networks, &network{Network: runtime.Network{ID: r.newID(), Name: name}, foreign: true})
}

// AddForeignVolume adds a volume that is not of this instance.
func (r *Runtime) AddForeignVolume(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addVolume(name, "").foreign = true
}
