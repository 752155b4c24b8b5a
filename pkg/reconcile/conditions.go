package reconcile

import (
	"fmt"
	"strings"

	"hal-controller/pkg/spec"
)

func conditions(s State, r Report, status spec.PoolStatus, previous *spec.PoolStatus) []spec.Condition {
	var out []spec.Condition
	if previous != nil {
		out = previous.Conditions
	}
	for _, c := range []spec.Condition{
		readyCondition(s, r, status), progressingCondition(s, r, status), degradedCondition(s, r, status), manifestCondition(s, r),
	} {
		c.ObservedGeneration = s.Generation
		out = SetCondition(out, c, s.Now)
	}
	return out
}

func readyCondition(s State, r Report, status spec.PoolStatus) spec.Condition {
	c := spec.Condition{Type: spec.ConditionReady, Status: spec.ConditionFalse}
	switch {
	case s.Deleted:
		c.Reason, c.Message = spec.ReasonDraining, "the pool is deleted"
	case !servicesDownSince(s).IsZero():
		c.Reason, c.Message = spec.ReasonSharedServiceUnhealthy, serviceMessage(status)
	case status.Ready < status.Warm:
		c.Reason = spec.ReasonBelowMinimum
		c.Message = fmt.Sprintf("%d of %d warm workers ready%s", status.Ready, status.Warm, why(r.Plan, status))
	default:
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonMinimumWarm
		c.Message = fmt.Sprintf("%d of %d warm workers ready", status.Ready, status.Warm)
	}
	return c
}

// why is the first thing that explains missing workers.
func why(p Plan, status spec.PoolStatus) string {
	if len(p.Waiting) > 0 {
		return "; " + p.Waiting[0].Message
	}
	for _, w := range status.Workers {
		if w.Phase == "Starting" && w.Message != "" {
			return fmt.Sprintf("; %s: %s", w.Name, w.Message)
		}
	}
	return ""
}

func serviceMessage(status spec.PoolStatus) string {
	for _, service := range status.Services {
		if service.Phase != "Ready" {
			return fmt.Sprintf("%s: %s%s", service.Name, strings.ToLower(service.Phase), prefixed(", ", service.Message))
		}
	}
	return "a shared service does not exist yet"
}

func progressingCondition(s State, r Report, status spec.PoolStatus) spec.Condition {
	c := spec.Condition{Type: spec.ConditionProgressing, Status: spec.ConditionFalse}
	switch {
	case s.Deleted:
		c.Status, c.Reason, c.Message = spec.ConditionTrue, spec.ReasonDraining, "the pool is being taken down"
		if w, blocked := waitingFor(r.Plan, spec.ReasonBlockedByClaims); blocked {
			c.Status, c.Reason, c.Message = spec.ConditionFalse, spec.ReasonBlockedByClaims, w.Message
		}
	case s.Pool.Spec.Suspend:
		c.Reason, c.Message = spec.ReasonSuspended, "suspended: nothing is created, replaced or reaped"
	case s.Rollout.Outcome == OutcomeRolledBack:
		c.Reason, c.Message = spec.ReasonRolledBack, fmt.Sprintf("rolled back to revision %s: %s", s.Rollout.GoodRevision, s.Rollout.Message)
	case s.Rollout.Outcome == OutcomePaused:
		c.Reason, c.Message = spec.ReasonRolloutPaused, fmt.Sprintf("rollout to revision %s paused: %s", s.Rollout.Target, s.Rollout.Message)
		if strings.HasPrefix(s.Rollout.Message, "no worker of revision") {
			c.Reason = spec.ReasonProgressDeadlineExceeded
		}
	case s.Rollout.Held:
		c.Reason, c.Message = spec.ReasonRolloutPaused, "rollout paused by hand; resume it with: hal-controller rollout resume "+s.Name
	case s.Rollout.rollingOut():
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonRollingOut
		c.Message = fmt.Sprintf("%d of %d workers are of revision %s", status.Updated, status.Warm, s.Rollout.Target)
	case status.Ready < status.Warm || !servicesDownSince(s).IsZero():
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonReplenishing
		c.Message = fmt.Sprintf("%d of %d warm workers ready, %d on the way up", status.Ready, status.Warm, status.Creating)
	case status.Ready+status.Creating > status.Warm || status.Terminating > 0:
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonScalingDown
		c.Message = count(status.Ready+status.Creating+status.Terminating-status.Warm, "worker") + " on the way down"
	case len(r.Plan.Actions) > 0:
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonReplenishing
		c.Message = r.Plan.Actions[0].String() + ": " + r.Plan.Actions[0].Cause()
	default:
		c.Reason, c.Message = spec.ReasonConverged, "the engine is as declared"
	}
	return c
}

// degradedCondition is the first thing that is wrong, the worst first.
func degradedCondition(s State, r Report, status spec.PoolStatus) spec.Condition {
	c := spec.Condition{Type: spec.ConditionDegraded, Status: spec.ConditionTrue}
	for _, result := range r.Results {
		if result.Err != nil {
			c.Reason, c.Message = result.reason(), result.Err.Error()
			return c
		}
	}
	for _, reason := range []string{spec.ReasonImageMissing, spec.ReasonInsufficientMemory, spec.ReasonCrashLoop, spec.ReasonAtMax} {
		if w, waiting := waitingFor(r.Plan, reason); waiting {
			c.Reason, c.Message = reason, w.Message
			return c
		}
	}
	if s.Rollout.Outcome != "" {
		c.Reason, c.Message = spec.ReasonRolloutPaused, s.Rollout.Message
		if s.Rollout.Outcome == OutcomeRolledBack {
			c.Reason = spec.ReasonRolledBack
		}
		return c
	}
	for _, service := range status.Services {
		if service.Phase == "NotReady" || service.Phase == "Failed" {
			c.Reason, c.Message = spec.ReasonSharedServiceUnhealthy, serviceMessage(status)
			return c
		}
	}
	for _, w := range status.Workers {
		if w.Phase == "Claimed" && strings.HasPrefix(w.Message, "drifted") {
			c.Reason, c.Message = spec.ReasonDrifted, w.Name+" (claimed, so only reported): "+w.Message
			return c
		}
	}
	if w, waiting := waitingFor(r.Plan, spec.ReasonDrifted); waiting {
		c.Reason, c.Message = spec.ReasonDrifted, w.Message
		return c
	}
	c.Status, c.Reason, c.Message = spec.ConditionFalse, spec.ReasonHealthy, "nothing is wrong"
	return c
}

func manifestCondition(s State, r Report) spec.Condition {
	c := spec.Condition{Type: spec.ConditionManifestValid, Status: spec.ConditionTrue, Reason: spec.ReasonManifestLoaded, ObservedGeneration: s.Generation}
	c.Message = fmt.Sprintf("generation %d is in force", s.Generation)
	if r.Problems != "" {
		c.Status, c.Reason = spec.ConditionFalse, spec.ReasonManifestInvalid
		c.Message = r.Problems + fmt.Sprintf("; generation %d stays in force", s.Generation)
	}
	return c
}

func waitingFor(p Plan, reason string) (spec.Waiting, bool) {
	for _, w := range p.Waiting {
		if w.Reason == reason {
			return w, true
		}
	}
	return spec.Waiting{}, false
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// Settled says that a pool is as declared: ready, with nothing left to do.
func Settled(status *spec.PoolStatus) bool {
	return Condition(status, spec.ConditionReady).Status == spec.ConditionTrue &&
		Condition(status, spec.ConditionProgressing).Status == spec.ConditionFalse
}
