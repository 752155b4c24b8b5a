package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Report is what a status is computed from, beside the state.
type Report struct {
	// Plan for the state, and the outcome of carrying it out.
	Plan    Plan
	Results []Result
	// Source is the file the pool came from; Problems are those of its latest
	// content, "" where it is in force.
	Source   string
	Problems string
	// Unavailable says why the engine cannot be reached, "" where it can.
	Unavailable string
}

// ComputeStatus says how a pool is. It is pure; previous gives the transition
// times.
func ComputeStatus(s State, r Report, previous *spec.PoolStatus) spec.PoolStatus {
	s, _ = inForce(s)
	if r.Unavailable != "" {
		return unavailableStatus(s, r, previous)
	}
	status := spec.PoolStatus{ObservedGeneration: s.Generation, Source: r.Source, Waiting: r.Plan.Waiting}
	var workers []*worker
	if s.Pool != nil {
		effective := effectiveTemplate(s)
		workers = classify(s, effective)
		status.Revision = effective.Revision
		status.Warm = s.Pool.Spec.Workers.Warm
		status.Volumes = volumeStatus(s)
	}
	if s.Deleted {
		status.Warm = 0
	}
	countWorkers(&status, workers)
	status.Services = serviceStatus(s)
	status.Conditions = conditions(s, r, status, previous)
	return status
}

func unavailableStatus(s State, r Report, previous *spec.PoolStatus) spec.PoolStatus {
	status := spec.PoolStatus{Source: r.Source}
	if previous != nil {
		status = *previous
	}
	for _, c := range []spec.Condition{
		{Type: spec.ConditionReady, Status: spec.ConditionUnknown},
		{Type: spec.ConditionProgressing, Status: spec.ConditionUnknown},
		{Type: spec.ConditionDegraded, Status: spec.ConditionTrue},
	} {
		c.Reason, c.Message, c.ObservedGeneration = spec.ReasonEngineUnavailable, r.Unavailable, s.Generation
		status.Conditions = SetCondition(status.Conditions, c, s.Now)
	}
	status.Conditions = SetCondition(status.Conditions, manifestCondition(s, r), s.Now)
	return status
}

func countWorkers(status *spec.PoolStatus, workers []*worker) {
	for _, w := range workers {
		entry := spec.ContainerStatus{
			Name: w.Name, ID: w.ID, Role: string(runtime.RoleWorker), Claim: w.claim,
			Revision: w.Owner.Revision, Image: w.Image, Created: w.Created, Message: w.cause,
		}
		switch {
		case w.claim != "":
			status.Claimed++
			entry.Phase = "Claimed"
			if w.phase != phaseReady && w.phase != phaseStarting {
				entry.Message = orElse(w.cause, "does not run")
			}
		case w.phase == phaseReady:
			status.Ready++
			entry.Phase = "Ready"
		case w.phase == phaseCreated || w.phase == phaseStarting:
			status.Creating++
			entry.Phase = "Creating"
			if w.phase == phaseStarting {
				entry.Phase = "Starting"
			}
		case w.phase == phaseFailed:
			status.Failed++
			entry.Phase = "Failed"
		default:
			status.Terminating++
			entry.Phase = "Terminating"
		}
		if w.current && w.live() {
			status.Updated++
		}
		status.Workers = append(status.Workers, entry)
	}
}

func serviceStatus(s State) []spec.ContainerStatus {
	var out []spec.ContainerStatus
	for c := range s.Observed.each() {
		if c.Owner.Role == runtime.RoleWorker {
			continue
		}
		entry := spec.ContainerStatus{
			Name: c.Name, ID: c.ID, Role: string(c.Owner.Role), Image: c.Image, Created: c.Created,
			Phase: "NotReady",
		}
		switch h := s.Observed.health(c); {
		case s.Observed.Stopping[c.ID]:
			entry.Phase = "Terminating"
		case c.State == runtime.StateCreated:
			entry.Phase = "Creating"
		case c.State == runtime.StateExited && c.Inspection != nil:
			entry.Phase, entry.Message = "Failed", exitReason(c.Inspection)
		case c.State != runtime.StateRunning:
			entry.Message = string(c.State)
		case h.State == HealthReady:
			entry.Phase = "Ready"
		case h.State == HealthStarting:
			entry.Phase, entry.Message = "Starting", h.Message
		default:
			entry.Message = h.Message
		}
		out = append(out, entry)
	}
	order := map[string]int{string(runtime.RoleSandbox): 0, string(runtime.RoleParent): 1, string(runtime.RoleService): 2}
	slices.SortFunc(out, func(a, b spec.ContainerStatus) int {
		return compareStrings(fmt.Sprint(order[a.Role], a.Name), fmt.Sprint(order[b.Role], b.Name))
	})
	return out
}

func volumeStatus(s State) []spec.VolumeStatus {
	var out []spec.VolumeStatus
	for _, v := range s.Pool.Spec.Volumes {
		name := volumeName(s.Name, v.Name)
		_, exists := s.Observed.Volumes[name]
		out = append(out, spec.VolumeStatus{Name: v.Name, EngineName: name, Reclaim: v.Reclaim, Exists: exists})
	}
	return out
}

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
		c.Reason, c.Message = spec.ReasonRolloutPaused, "rollout paused by hand; resume it with: rollout resume "+s.Name
	case s.Rollout.rollingOut():
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonRollingOut
		c.Message = fmt.Sprintf("%d of %d workers are of revision %s", status.Updated, status.Warm, s.Rollout.Target)
	case status.Ready < status.Warm || !servicesDownSince(s).IsZero():
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonReplenishing
		c.Message = fmt.Sprintf("%d of %d warm workers ready, %d on the way up", status.Ready, status.Warm, status.Creating)
	case status.Ready+status.Creating > status.Warm || status.Terminating > 0:
		c.Status, c.Reason = spec.ConditionTrue, spec.ReasonScalingDown
		c.Message = fmt.Sprintf("%d workers on the way down", status.Ready+status.Creating+status.Terminating-status.Warm)
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

// Offer lists the workers that a claim may take, best first: ready, of the
// effective revision before others, the oldest first.
func Offer(s State) []string {
	s, _ = inForce(s)
	if s.Deleted || s.Pool == nil {
		return nil
	}
	var ready []*worker
	for _, w := range classify(s, effectiveTemplate(s)) {
		if w.claim == "" && w.phase == phaseReady {
			ready = append(ready, w)
		}
	}
	slices.SortStableFunc(ready, func(a, b *worker) int {
		if a.old != b.old {
			return compareBool(a.old, b.old)
		}
		return a.Created.Compare(b.Created)
	})
	ids := make([]string, 0, len(ready))
	for _, w := range ready {
		ids = append(ids, w.ID)
	}
	return ids
}

// Settled says that a pool is as declared: ready, with nothing left to do.
func Settled(status *spec.PoolStatus) bool {
	return Condition(status, spec.ConditionReady).Status == spec.ConditionTrue &&
		Condition(status, spec.ConditionProgressing).Status == spec.ConditionFalse
}
