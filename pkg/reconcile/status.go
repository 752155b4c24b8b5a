package reconcile

import (
	"fmt"
	"slices"

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
		case s.Observed.Stopping[c.ID], s.Deleted && c.State == runtime.StateExited:
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
