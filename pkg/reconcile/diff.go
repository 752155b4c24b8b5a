package reconcile

import (
	"fmt"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Diff compares what a pool wants with what the engine has, and returns the
// steps that are legal now: at most one for each container. It is a function of
// its argument alone, and never changes it.
//
// The order is network and volumes, sandbox, services, workers; each waits for
// the one before it to be in place. A deleted pool goes the other way round.
func Diff(s State) Plan {
	var p Plan
	if s.Deleted {
		diffDrain(s, &p)
		return p
	}
	s, held := inForce(s)
	p.Waiting = append(p.Waiting, held...)
	if s.Pool.Spec.Suspend {
		p.wait(s.Now, spec.Waiting{
			Object: "pool/" + s.Name, Reason: spec.ReasonSuspended,
			Message: "suspended: nothing is created, replaced or reaped until it is resumed",
		})
		return p
	}
	want := Desire(s.Pool)
	diffNames(s, &p)
	if !diffFoundation(s, want, &p) {
		return p
	}
	ready := diffServices(s, want, &p)
	diffWorkers(s, ready, &p)
	return p
}

// diffFoundation puts the network, the volumes and the sandbox in place, and
// says whether containers can be built on them.
func diffFoundation(s State, want Desired, p *Plan) bool {
	if !diffMode(s, want, p) {
		return false
	}
	inPlace := true
	if s.Observed.Network == nil {
		p.add(CreateNetwork{step{want.Network.Name, "not found"}, want.Network})
		inPlace = false
	} else if s.Observed.Network.Internal != want.Network.Internal {
		p.wait(s.Now, spec.Waiting{
			Object: want.Network.Name, Reason: spec.ReasonDrifted,
			Message: fmt.Sprintf("network %s was made with internal: %v, and a network cannot be changed: delete the pool and apply it again", want.Network.Name, s.Observed.Network.Internal),
		})
	}
	for _, v := range want.Volumes {
		if _, exists := s.Observed.Volumes[v.Name]; !exists {
			p.add(CreateVolume{step{v.Name, "not found"}, v})
			inPlace = false
		}
	}
	if want.Sandbox == nil {
		return inPlace
	}
	if s.Observed.Images[runtime.PauseImage] == "" {
		p.add(ImportPause{step{runtime.PauseImage, "not found"}})
		return false
	}
	if !inPlace {
		return false
	}
	return diffSandbox(s, *want.Sandbox, p)
}

// diffServices keeps the shared services, and says whether all are ready.
func diffServices(s State, want Desired, p *Plan) bool {
	allReady := true
	wanted := map[string]bool{}
	for _, service := range want.Services {
		wanted[service.Spec.Name] = true
		have := s.Observed.find(service.Spec.Owner.Role, service.Spec.Owner.Service)
		if !diffSingle(s, service.Spec, have, p) {
			allReady = false
			continue
		}
		if h := s.Observed.health(have[0]); h.State != HealthReady {
			allReady = false
			diffUnready(s, service, have[0], h, p)
		}
	}
	for _, role := range []runtime.Role{runtime.RoleParent, runtime.RoleService} {
		for c := range s.Observed.each() {
			if c.Owner.Role == role && !wanted[serviceContainerName(s.Name, c.Owner)] {
				diffUnwanted(s, []*runtime.Container{c}, "not declared", p)
			}
		}
	}
	return allReady
}

func serviceContainerName(pool string, o runtime.Owner) string {
	if o.Role == runtime.RoleParent {
		return serviceName(pool, "parent")
	}
	return serviceName(pool, o.Service)
}

// diffUnready waits for a service to become ready. One that has not been for
// longer than its startup timeout is restarted.
func diffUnready(s State, service Service, c *runtime.Container, h Health, p *Plan) {
	patience := time.Minute
	if service.Readiness != nil {
		patience = time.Duration(service.Readiness.StartupTimeout)
	}
	due := h.Since.Add(patience)
	if h.State == HealthFailed || (h.State == HealthUnready && !s.Now.Before(due)) {
		p.add(Stop{step: step{c.Name, "not ready: " + h.Message}, ID: c.ID})
		return
	}
	w := spec.Waiting{
		Object: c.Name, Reason: spec.ReasonSharedServiceUnhealthy,
		Message: fmt.Sprintf("%s is not ready yet: %s", c.Name, orElse(h.Message, "waiting for its readiness probe")),
	}
	if h.State == HealthUnready {
		w.Until = due
	}
	p.wait(s.Now, w)
}

// diffSingle moves the one container of a fixed name one step towards running
// as wanted, and says whether it is there.
func diffSingle(s State, want runtime.ContainerSpec, have []*runtime.Container, p *Plan) bool {
	if len(have) == 0 {
		if imageThere(s, want.Name, want.Image, p) {
			p.add(Create{step: step{want.Name, "not found"}, Spec: fitted(want, s.Observed.Host)})
		}
		return false
	}
	diffUnwanted(s, have[1:], "a second "+string(want.Owner.Role), p)
	c := have[0]
	cause, isStale := stale(want, c)
	if lost := namespaceLost(c, s.Observed.sandbox(), s.Now); lost != "" && c.State == runtime.StateRunning {
		cause, isStale = lost, true
	}
	if drift := networkDrift(want.Network, c); drift != "" {
		cause, isStale = drift, true
	}
	if isStale && c.State == runtime.StateRunning && !imageThere(s, want.Name, want.Image, p) {
		return true // what runs is better than nothing
	}
	if !isStale && c.Inspection != nil && c.Owner.SpecHash == want.Owner.SpecHash {
		if drift := hardDrift(want, c); drift != "" {
			cause, isStale = "drifted: "+drift, true
		}
	}
	switch {
	case s.Observed.Stopping[c.ID] && c.State != runtime.StateExited:
		return false
	case c.State == runtime.StateRemoving || c.State == runtime.StateRestarting:
		return false
	case c.State == runtime.StateDead:
		p.add(Remove{step{c.Name, "dead"}, c.ID, true})
		return false
	case c.State == runtime.StatePaused:
		p.add(Stop{step: step{c.Name, "paused"}, ID: c.ID})
		return false
	case c.State == runtime.StateRunning && isStale:
		p.add(Stop{step: step{c.Name, cause}, ID: c.ID})
		return false
	case c.State == runtime.StateRunning:
		fit := fitted(want, s.Observed.Host)
		if drift := limitDrift(fit, c); len(drift) > 0 {
			p.add(Update{step{c.Name, "limits drifted: " + joined(drift)}, c.ID, fit.Limits})
		}
		return true
	case isStale || sandboxReplaced(s, c):
		p.add(Remove{step{c.Name, orElse(cause, "its sandbox is gone")}, c.ID, false})
		return false
	}
	if f, stuck := stuckFailure(s, c); stuck {
		p.add(Remove{step{c.Name, f.Reason}, c.ID, false})
		return false
	}
	return diffRestart(s, want, c, p)
}

// stuckFailure is why the engine will never start a container again, so that it has
// to be made anew. A sandbox that claimed workers use is not: they could not join
// another.
func stuckFailure(s State, c *runtime.Container) (Failure, bool) {
	f, failed := failureOf(s.Failures, c)
	if !failed || !f.Stuck || c.Owner.Role == runtime.RoleSandbox && len(claimsIn(s, c)) > 0 {
		return Failure{}, false
	}
	return f, true
}

// sandboxReplaced says that a stopped container cannot start again, because the
// sandbox it is tied to by id does not exist any more.
func sandboxReplaced(s State, c *runtime.Container) bool {
	sandbox := s.Observed.sandbox()
	return c.SandboxID != "" && (sandbox == nil || sandbox.ID != c.SandboxID)
}

// diffRestart starts a stopped container once its backoff is over.
func diffRestart(s State, want runtime.ContainerSpec, c *runtime.Container, p *Plan) bool {
	failed, due := serviceStreak(s, want)
	if s.Now.Before(due) {
		p.wait(s.Now, spec.Waiting{
			Object: c.Name, Reason: spec.ReasonCrashLoop, Until: due,
			Message: fmt.Sprintf("%s failed %s: %s", c.Name, times(failed.count), failed.last),
		})
		return false
	}
	cause := "created"
	if c.State == runtime.StateExited {
		cause = "exited"
		if c.Inspection != nil {
			cause = exitReason(c.Inspection)
		}
	}
	p.add(Start{step{c.Name, cause}, c.ID, c.Owner})
	return false
}

// diffUnwanted takes containers of ours down that nothing declares.
func diffUnwanted(s State, have []*runtime.Container, cause string, p *Plan) {
	for _, c := range have {
		if claimOf(s, c) != "" && c.Owner.Role == runtime.RoleWorker {
			continue
		}
		takeDown(s, c, cause, p)
	}
}

// takeDown moves a container one step towards not being there.
func takeDown(s State, c *runtime.Container, cause string, p *Plan) {
	switch {
	case c.State == runtime.StateRemoving, s.Observed.Stopping[c.ID] && c.State != runtime.StateExited:
	case c.State == runtime.StateRunning, c.State == runtime.StatePaused, c.State == runtime.StateRestarting:
		p.add(Stop{step: step{c.Name, cause}, ID: c.ID, Withdraw: c.Owner.Role == runtime.RoleWorker})
	default:
		p.add(Remove{step{c.Name, cause}, c.ID, true})
	}
}

// imageThere holds what needs an image that the engine does not have.
func imageThere(s State, object, image string, p *Plan) bool {
	if s.Observed.Images[image] != "" {
		return true
	}
	p.wait(s.Now, spec.Waiting{
		Object: object, Reason: spec.ReasonImageMissing,
		Message: imageMissing(image),
	})
	return false
}

func imageMissing(image string) string {
	return fmt.Sprintf("image %s is not on the engine: build or pull it (docker pull %s); it is used as soon as it is there", image, image)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
