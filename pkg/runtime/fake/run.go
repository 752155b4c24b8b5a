package fake

import (
	"context"
	"fmt"

	"hal-controller/pkg/runtime"
)

// StartExits sets what is asked when a container has started: with exits it
// ends at once with that code. Nil ends it.
func (r *Runtime) StartExits(hook func(runtime.ContainerSpec) (exitCode int, exits bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.startExits = hook
}

// Stubborn makes the container of a name ignore its stop signal, so that a stop
// ends in a kill.
func (r *Runtime) Stubborn(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stubborn[name] = true
}

// Start implements runtime.Containers.
func (r *Runtime) Start(ctx context.Context, id string) error {
	return r.do(ctx, r.on("start", id), func() error {
		c, err := r.find(id)
		if err != nil {
			return err
		}
		return r.start(c)
	})
}

func (r *Runtime) start(c *container) error {
	switch c.State {
	case runtime.StateRunning:
		return nil
	case runtime.StatePaused:
		return fmt.Errorf("%w: cannot start a paused container", runtime.ErrInvalid)
	default:
	}
	if err := r.startable(c); err != nil {
		// Docker leaves the state as it was, and the exit code of a start that did not work.
		c.inspection.Error, c.inspection.ExitCode = err.Error(), 128
		return err
	}
	c.State = runtime.StateRunning
	c.inspection.StartedAt = r.now()
	c.inspection.ExitCode, c.inspection.OOMKilled, c.inspection.Error = 0, false, ""
	if network := c.inspection.Spec.Network; network != "" {
		c.Addresses = map[string]string{network: r.newAddress()}
	}
	c.notify()
	r.emit(c.event("start"))
	r.exitAtOnce(c)
	return nil
}

func (r *Runtime) startable(c *container) error {
	if c.SandboxID != "" {
		sandbox, err := r.find(c.SandboxID)
		if err != nil {
			return fmt.Errorf("%w: no such container: %s", runtime.ErrInvalid, c.SandboxID)
		}
		if !sandbox.running() {
			return fmt.Errorf("%w: cannot join network of a non running container: %s", runtime.ErrInvalid, c.SandboxID)
		}
	}
	if network := c.inspection.Spec.Network; network != "" && r.networkNamed(network) == nil {
		return fmt.Errorf("%w: network %s not found", runtime.ErrInvalid, network)
	}
	for _, port := range c.inspection.Spec.Ports {
		if r.portTaken(port) {
			return fmt.Errorf("%w: Bind for %s:%d failed: port is already allocated", runtime.ErrInvalid, port.HostIP, port.HostPort)
		}
	}
	return nil
}

func (r *Runtime) portTaken(wanted runtime.Port) bool {
	for _, c := range r.containers {
		if !c.running() {
			continue
		}
		for _, held := range c.inspection.Spec.Ports {
			if wanted.HostPort != 0 && held.HostPort == wanted.HostPort && held.Protocol == wanted.Protocol &&
				(held.HostIP == wanted.HostIP || anyAddress(held.HostIP) || anyAddress(wanted.HostIP)) {
				return true
			}
		}
	}
	return false
}

func anyAddress(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }

// exitAtOnce asks the hook with the lock released, as all hooks are.
func (r *Runtime) exitAtOnce(c *container) {
	hook := r.hooks.startExits
	if hook == nil {
		return
	}
	spec := copySpec(c.inspection.Spec)
	r.mu.Unlock()
	code, exits := hook(spec)
	r.mu.Lock()
	if exits && c.running() {
		r.exit(c, code)
	}
}

// Stop implements runtime.Containers. It takes no time.
func (r *Runtime) Stop(ctx context.Context, id string) error {
	return r.do(ctx, r.on("stop", id), func() error {
		c, err := r.find(id)
		if err != nil || !c.running() {
			return nil //nolint:nilerr // a missing one is stopped
		}
		r.exit(c, r.stopCode(c))
		r.emit(c.event("stop"))
		return nil
	})
}

// stopCode is the exit code of a process that does not handle its stop signal.
func (r *Runtime) stopCode(c *container) int {
	if r.stubborn[c.Name] {
		return 137
	}
	switch c.inspection.Spec.StopSignal {
	case "SIGINT", "INT":
		return 130
	case "SIGQUIT", "QUIT":
		return 131
	case "SIGKILL", "KILL":
		return 137
	default:
		return 143
	}
}

// exit ends a running container.
func (r *Runtime) exit(c *container, code int) {
	c.State = runtime.StateExited
	c.Addresses = nil
	c.inspection.ExitCode = code
	c.inspection.FinishedAt = r.now()
	c.notify()
	r.emit(c.event("die"))
}
