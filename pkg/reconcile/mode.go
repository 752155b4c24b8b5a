package reconcile

import (
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// A change of network mode moves the services from one network namespace to
// another, out of the reach of every worker that is already there.

// inForce is the state with the manifest as far as it can be followed now: while
// claimed workers live in the other network mode, the pool stays in that mode,
// and all else of the manifest holds. held says so.
func inForce(s State) (State, []spec.Waiting) {
	if s.Pool == nil || s.Deleted {
		return s, nil
	}
	var claims []string
	for _, c := range s.Observed.find(runtime.RoleWorker, "") {
		if claim := claimOf(s, c); claim != "" && modeOf(c) != s.Pool.Spec.Network.Mode {
			claims = append(claims, claim)
		}
	}
	if len(claims) == 0 {
		return s, nil
	}
	held := blockedByClaims("the network of pool/"+s.Name, "its mode changes to "+string(s.Pool.Spec.Network.Mode), claims)
	p := *s.Pool
	p.Spec.Network = spec.Network{Mode: spec.NetworkShared}
	if s.Pool.Spec.Network.Mode == spec.NetworkShared {
		p.Spec.Network.Mode = spec.NetworkBridge
		p.Spec.Network.Internal = s.Observed.Network != nil && s.Observed.Network.Internal
	}
	s.Pool = &p
	return s, []spec.Waiting{held}
}

func modeOf(c *runtime.Container) spec.NetworkMode {
	if c.SandboxID != "" {
		return spec.NetworkShared
	}
	return spec.NetworkBridge
}

// diffMode takes down all that lives in the other network mode, before anything
// is built in the wanted one: the two would publish the same ports. It says
// whether nothing of it is left.
func diffMode(s State, want Desired, p *Plan) bool {
	cause := "network mode changed to " + string(s.Pool.Spec.Network.Mode)
	left := false
	for c := range s.Observed.each() {
		if c.Owner.Role == runtime.RoleSandbox || modeOf(c) == s.Pool.Spec.Network.Mode {
			continue
		}
		left = true
		takeDown(s, c, cause, p)
	}
	if left || want.Sandbox != nil {
		return !left
	}
	for _, c := range s.Observed.find(runtime.RoleSandbox, "") {
		left = true
		takeDown(s, c, cause, p)
	}
	return !left
}
