package main

import (
	"fmt"
	"slices"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// headline is how a pool is in one word, and a sentence for it: the condition
// that a person should know of first.
func headline(status *spec.PoolStatus) (word, message string) {
	if status == nil {
		return "Pending", "not looked at yet"
	}
	ready := reconcile.Condition(status, spec.ConditionReady)
	progressing := reconcile.Condition(status, spec.ConditionProgressing)
	degraded := reconcile.Condition(status, spec.ConditionDegraded)
	valid := reconcile.Condition(status, spec.ConditionManifestValid)
	switch {
	case degraded.Status == spec.ConditionTrue:
		return degraded.Reason, degraded.Message
	case valid.Status == spec.ConditionFalse:
		return "ManifestInvalid", valid.Message
	case progressing.Status == spec.ConditionTrue, held(progressing):
		return progressing.Reason, progressing.Message
	case ready.Status == spec.ConditionTrue:
		return "Ready", ready.Message
	case ready.Reason != "":
		return ready.Reason, ready.Message
	default:
		return spec.ConditionUnknown, ""
	}
}

// held says that a pool stands still for a reason other than being as declared.
func held(progressing spec.Condition) bool {
	return progressing.Status == spec.ConditionFalse && slices.Contains([]string{
		spec.ReasonSuspended, spec.ReasonRolloutPaused, spec.ReasonRolledBack,
		spec.ReasonProgressDeadlineExceeded, spec.ReasonBlockedByClaims,
	}, progressing.Reason)
}

// warmReady is "1 of 3 warm workers ready".
func warmReady(status *spec.PoolStatus) string {
	return fmt.Sprintf("%d of %d warm workers ready", status.Ready, status.Warm)
}
