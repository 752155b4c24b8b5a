package main

import (
	"time"

	"hal-controller/pkg/spec"
)

// hoursAgo is a time whose age is "5h" for as long as a spec can run.
func hoursAgo(hours int) time.Time {
	return time.Now().Add(-time.Duration(hours) * time.Hour).UTC()
}

// readyPool is a declared pool that is as declared; it has two warm workers, a
// claimed one, and a parent.
func readyPool(name string) spec.Pool {
	p := spec.Pool{APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: name}}
	p.Spec.Workers.Warm = 2
	p.Spec.Workers.Template.Image = "hal/worker"
	p.Spec.Parent = &spec.Service{Image: "hal/parent"}
	p.Spec.Volumes = []spec.Volume{{Name: "cache"}}
	spec.Default(&p)
	prefix := "hal-" + name + "-"
	p.Status = &spec.PoolStatus{
		ObservedGeneration: 1, Revision: "abc123", Source: "pool.yaml", Warm: 2, Ready: 2, Claimed: 1, Updated: 2,
		Conditions: []spec.Condition{
			fact(spec.ConditionReady, spec.ConditionTrue, spec.ReasonMinimumWarm, "2 of 2 warm workers ready"),
			fact(spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonConverged, "the engine is as declared"),
			fact(spec.ConditionDegraded, spec.ConditionFalse, spec.ReasonHealthy, "nothing is wrong"),
			fact(spec.ConditionManifestValid, spec.ConditionTrue, spec.ReasonManifestLoaded, "generation 1 is in force"),
		},
		Workers: []spec.ContainerStatus{
			{Name: prefix + "0", ID: "w0", Role: "worker", Phase: "Ready", Revision: "abc123", Image: "hal/worker", Created: hoursAgo(4)},
			{Name: prefix + "1", ID: "w1", Role: "worker", Phase: "Ready", Revision: "abc123", Image: "hal/worker", Created: hoursAgo(3)},
			{Name: prefix + "2.fix-bug", ID: "w2", Role: "worker", Phase: "Claimed", Claim: "fix-bug", Revision: "abc123", Image: "hal/worker", Created: hoursAgo(5)},
		},
		Services: []spec.ContainerStatus{
			{Name: prefix + "sandbox", ID: "s0", Role: "sandbox", Phase: "Ready", Image: "hal/pause:v1", Created: hoursAgo(6)},
			{Name: prefix + "parent", ID: "0123456789abcdef", Role: "parent", Phase: "Ready", Image: "hal/parent", Created: hoursAgo(6)},
		},
		Volumes: []spec.VolumeStatus{{Name: "cache", EngineName: prefix + "cache", Reclaim: spec.ReclaimRetain, Exists: true}},
	}
	return p
}

func fact(kind, status, reason, message string) spec.Condition {
	return spec.Condition{Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 1, LastTransitionTime: hoursAgo(2)}
}

// setCondition changes one condition of a pool of the specs.
func setCondition(p *spec.Pool, kind, status, reason, message string) {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			p.Status.Conditions[i] = fact(kind, status, reason, message)
		}
	}
}

// brokenPool lacks a worker: those that are made keep failing.
func brokenPool(name string) spec.Pool {
	p := readyPool(name)
	p.Status.Ready, p.Status.Updated = 1, 1
	p.Status.Workers = p.Status.Workers[:1]
	message := `workers failed 4 times in a row; the last, hal-` + name + `-1 exited with code 1: "no such file"`
	p.Status.Waiting = []spec.Waiting{{Object: "hal-" + name + "-1", Reason: spec.ReasonCrashLoop, Message: message, Until: time.Now().Add(90*time.Minute + 30*time.Second)}}
	setCondition(&p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, "1 of 2 warm workers ready; "+message)
	setCondition(&p, spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonReplenishing, "1 of 2 warm workers ready, 0 on the way up")
	setCondition(&p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonCrashLoop, message)
	return p
}
