package reconcile

import (
	"fmt"
	"strings"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// diffDrain takes a deleted pool down in the order opposite to its creation.
// Claimed workers, and with them the services, stay until they are released.
func diffDrain(s State, p *Plan) {
	var claims []string
	unclaimed := 0
	for _, c := range s.Observed.find(runtime.RoleWorker, "") {
		if claim := claimOf(s, c); claim != "" {
			claims = append(claims, claim)
			continue
		}
		unclaimed++
		takeDown(s, c, "pool deleted", p)
	}
	if len(claims) > 0 {
		p.wait(s.Now, spec.Waiting{
			Object: "pool/" + s.Name, Reason: spec.ReasonBlockedByClaims,
			Message: fmt.Sprintf("the pool goes when %s released: %s", isOrAre(len(claims), "claim"), strings.Join(claims, ", ")),
		})
	}
	if len(claims)+unclaimed > 0 {
		return
	}
	if drainServices(s, p) {
		drainRest(s, p)
	}
}

// drainServices says whether no container but the sandbox is left.
func drainServices(s State, p *Plan) bool {
	left := false
	for c := range s.Observed.each() {
		if c.Owner.Role != runtime.RoleSandbox {
			left = true
			takeDown(s, c, "pool deleted", p)
		}
	}
	return !left
}

func drainRest(s State, p *Plan) {
	if sandboxes := s.Observed.find(runtime.RoleSandbox, ""); len(sandboxes) > 0 {
		for _, c := range sandboxes {
			takeDown(s, c, "pool deleted", p)
		}
		return
	}
	p.Drained = true
	if s.Observed.Network != nil {
		p.add(RemoveNetwork{step{s.Observed.Network.Name, "pool deleted"}})
		p.Drained = false
	}
	for _, name := range sortedKeys(s.Observed.Volumes) {
		if reclaimOf(s, name) == spec.ReclaimDelete {
			p.add(RemoveVolume{step{name, "pool deleted, reclaim: Delete"}})
			p.Drained = false
		}
	}
}

// reclaimOf is the policy in the last known manifest. A volume that no known
// manifest speaks of is retained.
func reclaimOf(s State, name string) spec.Reclaim {
	if s.Pool == nil {
		return spec.ReclaimRetain
	}
	for _, v := range s.Pool.Spec.Volumes {
		if volumeName(s.Name, v.Name) == name {
			return v.Reclaim
		}
	}
	return spec.ReclaimRetain
}
