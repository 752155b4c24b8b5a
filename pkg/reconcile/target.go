package reconcile

import (
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// targets are the running containers of a pool that have something to probe:
// the services, and the workers of the declared revision and of the last good
// one, each with its own probes. Workers of any other are ready while they run.
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
		t := Target{ID: c.ID, Address: address(s.Name, c, observed), Warmup: warmup, Readiness: readiness}
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
		if claimOf(s, c) != "" {
			continue // nothing is decided by a claimed worker's health
		}
		switch t := s.Rollout.Good; {
		case c.Owner.Revision == want.Worker.Revision:
			add(c, want.Worker.Warmup, want.Worker.Readiness)
		case t != nil && c.Owner.Revision == s.Rollout.GoodRevision:
			add(c, t.Warmup, t.Readiness)
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
