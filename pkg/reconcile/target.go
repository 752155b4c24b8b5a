package reconcile

import (
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// targets are the running containers of a pool that have something to probe:
// the services and workers that were made from what is declared now, and the
// workers of the revision a rollout comes from.
func targets(s State, observed Observed) []Target {
	if s.Pool == nil || s.Deleted {
		return nil
	}
	want := Desire(s.Pool)
	var out []Target
	add := func(c *runtime.Container, warmup *spec.Warmup, readiness *spec.Probe) {
		if c.State != runtime.StateRunning || warmup == nil && readiness == nil {
			return
		}
		t := Target{ID: c.ID, Name: c.Name, Address: address(s.Name, c, observed), Warmup: warmup, Readiness: readiness}
		if c.Inspection != nil {
			t.StartedAt = c.Inspection.StartedAt
		}
		out = append(out, t)
	}
	for _, service := range want.Services {
		for _, c := range observed.find(service.Spec.Owner.Role, service.Spec.Owner.Service) {
			add(c, nil, service.Readiness)
		}
	}
	for _, c := range observed.find(runtime.RoleWorker, "") {
		if c.Owner.Revision == want.Worker.Revision || want.Worker.Warmup == nil {
			add(c, want.Worker.Warmup, want.Worker.Readiness)
		} else {
			add(c, nil, want.Worker.Readiness)
		}
	}
	return out
}

// address is where a container's ports are: its own, or its sandbox's.
func address(pool string, c *runtime.Container, observed Observed) string {
	if c.SandboxID != "" {
		if sandbox := observed.sandbox(); sandbox != nil {
			return sandbox.Addresses[networkName(pool)]
		}
		return ""
	}
	return c.Addresses[networkName(pool)]
}
