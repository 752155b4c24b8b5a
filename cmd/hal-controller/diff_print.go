package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// diffReport is what diff -o json prints.
type diffReport struct {
	Pools []difference `json:"pools"`
}

// difference is a pool's way from what is to what should be.
type difference struct {
	Name    string         `json:"name"`
	Actions []actionReport `json:"actions"`
	Waiting []spec.Waiting `json:"waiting,omitempty"`
}

// actionReport is one step of it.
type actionReport struct {
	// Change is +, ~ or -.
	Change string `json:"change"`
	Action string `json:"action"`
	Object string `json:"object"`
	Cause  string `json:"cause"`
}

func differenceOf(pool string, plan reconcile.Plan) difference {
	d := difference{Name: pool, Actions: []actionReport{}, Waiting: plan.Waiting}
	for _, action := range plan.Actions {
		d.Actions = append(d.Actions, actionReport{changeOf(action), action.String(), action.Object(), action.Cause()})
	}
	return d
}

// changeOf is the sign of an action, as a diff has it.
func changeOf(action reconcile.Action) string {
	switch action.(type) {
	case reconcile.Stop, reconcile.Remove, reconcile.RemoveNetwork, reconcile.RemoveVolume:
		return "-"
	case reconcile.Update, reconcile.Rename:
		return "~"
	default:
		return "+"
	}
}

// differs says that the engine is not as the manifest has it: there are steps to
// take, or there would be if nothing stood in the way.
func (d difference) differs() bool {
	return len(d.Actions) > 0 || slices.ContainsFunc(d.Waiting, func(w spec.Waiting) bool { return w.Reason != spec.ReasonSuspended })
}

// printDifferences writes the steps to out, and what is only talk to errOut.
func printDifferences(out, errOut io.Writer, diffs []difference) {
	for _, d := range diffs {
		if !d.differs() {
			fmt.Fprintf(errOut, "pool/%s is as declared\n", d.Name)
		}
		if len(d.Actions) > 0 {
			fmt.Fprintf(out, "pool/%s\n", d.Name)
		}
		for _, a := range d.Actions {
			fmt.Fprintf(out, "  %s %s: %s\n", a.Change, a.Action, sentence(a.Cause))
		}
		for _, w := range d.Waiting {
			fmt.Fprintf(errOut, "pool/%s waits, %s\n", d.Name, waitingText(w))
		}
	}
}

func waitingText(w spec.Waiting) string {
	text := w.Reason + ": " + sentence(w.Message)
	if !w.Until.IsZero() {
		text += " (until " + w.Until.Local().Format(time.TimeOnly) + ")"
	}
	return text
}
