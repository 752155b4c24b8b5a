package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// causes say why a pool is not as declared, the effect first; none where it is.
// It is pure.
func causes(p spec.Pool, events []reconcile.Event, now time.Time) []string {
	name := "pool/" + p.Metadata.Name
	if p.Status == nil {
		return []string{name + " has not been looked at yet: the controller has just started, or is busy"}
	}
	if asDeclared(p.Status) {
		return nil
	}
	degraded := reconcile.Condition(p.Status, spec.ConditionDegraded)
	if degraded.Reason == spec.ReasonEngineUnavailable {
		return []string{
			name + " cannot be seen: the engine does not answer",
			"  " + sentence(degraded.Message),
			"    it is asked again twice a second; nothing is decided meanwhile",
		}
	}
	c := &chain{lines: []string{name + effect(p.Status)}, now: now}
	c.manifest(p.Status)
	c.services(p.Status)
	c.waiting(p.Status.Waiting)
	c.rollout(p)
	c.degraded(p.Status)
	c.workers(p.Status)
	c.otherwise(p.Status)
	c.lastFailure(events)
	return c.lines
}

// firstCause is the first reason why a pool is not as declared, in one line; "" for none.
func firstCause(p spec.Pool, events []reconcile.Event) string {
	for _, line := range causes(p, events, time.Now()) {
		if reason, is := strings.CutPrefix(line, because); is {
			return reason
		}
	}
	return ""
}

// asDeclared is settled and with nothing to say, as a pool that is suspended may be.
func asDeclared(status *spec.PoolStatus) bool {
	return reconcile.Settled(status) &&
		reconcile.Condition(status, spec.ConditionDegraded).Status != spec.ConditionTrue &&
		reconcile.Condition(status, spec.ConditionManifestValid).Status != spec.ConditionFalse &&
		!heldRollout(reconcile.Condition(status, spec.ConditionProgressing))
}

func heldRollout(progressing spec.Condition) bool {
	return held(progressing) && progressing.Reason != spec.ReasonSuspended
}

func effect(status *spec.PoolStatus) string {
	ready := reconcile.Condition(status, spec.ConditionReady)
	switch {
	case ready.Reason == spec.ReasonDraining:
		return " is being taken down"
	case ready.Status == spec.ConditionTrue:
		return " works, and is not all as declared: " + warmReady(status)
	default:
		return " is not ready: " + warmReady(status)
	}
}

func (c *chain) manifest(status *spec.PoolStatus) {
	valid := reconcile.Condition(status, spec.ConditionManifestValid)
	if valid.Status == spec.ConditionFalse {
		c.because("its manifest has been edited, and the edit is not in force: " + valid.Message)
	}
}

// services tells of those that are not ready; new workers wait for them.
func (c *chain) services(status *spec.PoolStatus) {
	ready := reconcile.Condition(status, spec.ConditionReady)
	before := len(c.lines)
	for _, s := range status.Services {
		if s.Phase == "Ready" || s.Phase == "Terminating" {
			continue
		}
		message := clause(s.Message, s.Image)
		c.because(fmt.Sprintf("%s, which the workers share, is %s%s", s.Name, phaseWord(s.Phase), message))
		for _, w := range status.Waiting {
			if w.Object == s.Name {
				c.detail(w.Message)
				c.next(w)
			}
		}
	}
	if len(c.lines) == before && ready.Reason == spec.ReasonSharedServiceUnhealthy {
		c.because(ready.Message)
	}
}

// waiting tells what is not being done, with the time of the next attempt.
func (c *chain) waiting(all []spec.Waiting) {
	for _, w := range all {
		if c.told(w.Message) {
			continue
		}
		c.because(w.Message)
		c.next(w)
	}
}

// rollout tells of one that goes on or stands still, and how it would go on.
func (c *chain) rollout(p spec.Pool) {
	progressing := reconcile.Condition(p.Status, spec.ConditionProgressing)
	switch {
	case c.told(progressing.Message):
	case progressing.Reason == spec.ReasonRollingOut, progressing.Reason == spec.ReasonSuspended:
		c.because(progressing.Message)
	case heldRollout(progressing):
		c.because(progressing.Message)
		if hint := "rollout resume " + p.Metadata.Name; !c.told(hint) {
			c.detail("it goes on when the manifest changes, or with: hal-controller " + hint)
		}
	}
}

// degraded tells what is wrong, where that is not told: by the services, in
// other words, it may be.
func (c *chain) degraded(status *spec.PoolStatus) {
	degraded := reconcile.Condition(status, spec.ConditionDegraded)
	byServices := degraded.Reason == spec.ReasonSharedServiceUnhealthy && len(c.lines) > 1
	if degraded.Status == spec.ConditionTrue && !byServices && !c.told(degraded.Message) {
		c.because(degraded.Message)
	}
}

// workers tells of those that are not ready yet, and of those that are kept
// because they have failed.
func (c *chain) workers(status *spec.PoolStatus) {
	var failed []string
	for _, w := range status.Workers {
		switch w.Phase {
		case "Ready", "Claimed", "Terminating":
		case "Failed":
			failed = append(failed, w.Name)
		default:
			c.because(w.Name + " is " + phaseWord(w.Phase) + clause(w.Message, ""))
		}
	}
	if len(failed) > 0 {
		c.lines = append(c.lines, "  failed, and kept for a look at it: "+strings.Join(failed, ", "))
	}
}

// otherwise says at least what goes on, where no cause is known.
func (c *chain) otherwise(status *spec.PoolStatus) {
	progressing := reconcile.Condition(status, spec.ConditionProgressing)
	if len(c.lines) == 1 && progressing.Message != "" {
		c.because(progressing.Message)
	}
}

// lastFailure tells of the last container that failed, where that is not told.
func (c *chain) lastFailure(events []reconcile.Event) {
	for _, e := range slices.Backward(events) {
		if e.Type != reconcile.EventWarning || !strings.HasPrefix(e.Reason, "Failed") {
			continue
		}
		line := fmt.Sprintf("the last failure was %s ago: %s: %s", age(e.Time, c.now), e.Object, e.Message)
		if !c.told(e.Message) && !c.told(lastLine(e.Message)) {
			c.lines = append(c.lines, "  "+sentence(line))
		}
		return
	}
}

// lastLine is the output in the message of a failure: "exited with code 1: line".
func lastLine(message string) string {
	_, line, _ := strings.Cut(message, ": ")
	if line == "" {
		return message
	}
	return line
}
