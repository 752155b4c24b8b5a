package reconcile

import (
	"fmt"
	"strings"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// diffSandbox keeps the sandbox. Whatever stops it takes the network from all
// that joined it, so a running one that claimed workers use is left as it is,
// and the change waits for them.
func diffSandbox(s State, want runtime.ContainerSpec, p *Plan) bool {
	have := s.Observed.find(runtime.RoleSandbox, "")
	if len(have) == 0 || have[0].State != runtime.StateRunning && have[0].State != runtime.StatePaused {
		return diffSingle(s, want, have, p)
	}
	claims := claimsIn(s, have[0])
	if len(claims) == 0 {
		return diffSingle(s, want, have, p)
	}
	var trial Plan
	diffSingle(s, want, have, &trial)
	for _, a := range trial.Actions {
		if _, disruptive := a.(Stop); disruptive && a.Object() == have[0].Name {
			p.wait(s.Now, blockedByClaims(want.Name, a.Cause(), claims))
			continue
		}
		p.add(a)
	}
	return true
}

func claimsIn(s State, sandbox *runtime.Container) []string {
	var claims []string
	for _, c := range s.Observed.find(runtime.RoleWorker, "") {
		if claim := claimOf(s, c); claim != "" && c.SandboxID == sandbox.ID {
			claims = append(claims, claim)
		}
	}
	return claims
}

func blockedByClaims(object, cause string, claims []string) spec.Waiting {
	return spec.Waiting{
		Object: object, Reason: spec.ReasonBlockedByClaims,
		Message: fmt.Sprintf("%s has to be replaced (%s), which waits until %s released: %s", object, cause, isOrAre(len(claims), "claim"), strings.Join(claims, ", ")),
	}
}

// diffNames gives containers that were renamed by hand their names back. A
// worker whose name carries a claim keeps it.
func diffNames(s State, p *Plan) {
	var renamed []*runtime.Container
	for c := range s.Observed.each() {
		if nameOf(s, c) != c.Name {
			renamed = append(renamed, c)
		}
	}
	if len(renamed) == 0 {
		return
	}
	taken := map[string]bool{}
	for c := range s.Observed.each() {
		taken[c.Name] = true
	}
	for _, c := range renamed {
		name := nameOf(s, c)
		if taken[name] || c.State == runtime.StateRemoving || c.State == runtime.StateDead {
			continue
		}
		taken[name] = true
		p.add(Rename{step{c.Name, "renamed by hand"}, c.ID, name})
	}
}

func nameOf(s State, c *runtime.Container) string {
	switch c.Owner.Role {
	case runtime.RoleSandbox:
		return sandboxName(s.Name)
	case runtime.RoleParent, runtime.RoleService:
		return serviceContainerName(s.Name, c.Owner)
	default:
		if claim := claimOf(s, c); claim != "" {
			return ClaimedName(s.Name, c.Owner.Ordinal, claim)
		}
		return WorkerName(s.Name, c.Owner.Ordinal)
	}
}
