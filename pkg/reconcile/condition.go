package reconcile

import (
	"time"

	"hal-controller/pkg/spec"
)

// SetCondition puts a condition into a list. The transition time moves only
// when the status does, as Kubernetes has it.
func SetCondition(conditions []spec.Condition, c spec.Condition, now time.Time) []spec.Condition {
	c.LastTransitionTime = now
	out := make([]spec.Condition, 0, len(conditions)+1)
	found := false
	for _, old := range conditions {
		if old.Type == c.Type {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			old, found = c, true
		}
		out = append(out, old)
	}
	if !found {
		out = append(out, c)
	}
	return out
}

// Condition returns the condition of a type; one that is not there is Unknown.
func Condition(status *spec.PoolStatus, kind string) spec.Condition {
	if status != nil {
		for _, c := range status.Conditions {
			if c.Type == kind {
				return c
			}
		}
	}
	return spec.Condition{Type: kind, Status: spec.ConditionUnknown}
}
