package reconcile

import (
	"fmt"
	"slices"
	"time"

	"hal-controller/pkg/runtime"
)

// maxFailures bounds the record of one pool. It is more than any streak that
// makes a difference: the backoff is at its maximum long before.
const maxFailures = 500

// RecordFailures adds the failures that an observation shows for the first
// time: containers that ended without having been asked to, and those whose
// probes say they have failed. The result is oldest first.
func RecordFailures(s State) []Failure {
	failures := s.Failures
	seen := map[string]bool{}
	for _, f := range failures {
		seen[f.key()] = true
	}
	var added []Failure
	for c := range s.Observed.each() {
		f, failed := failureSeen(s, c)
		if !failed || s.Observed.Asked[c.ID] || seen[f.key()] || claimOf(s, c) != "" && c.Owner.Role == runtime.RoleWorker {
			continue
		}
		added = append(added, f)
	}
	if len(added) == 0 {
		return failures
	}
	failures = append(slices.Clone(failures), added...)
	slices.SortStableFunc(failures, func(a, b Failure) int { return a.At.Compare(b.At) })
	return failures[max(0, len(failures)-maxFailures):]
}

// presumed are the failures of workers that have ended just now. They count in
// this pass, so that a crash loop waits from its latest end on, and are recorded
// once an inspection has told what they were.
func presumed(s State) []Failure {
	var failures []Failure
	for c := range s.Observed.each() {
		if endedJustNow(c) && !s.Observed.Asked[c.ID] && claimOf(s, c) == "" {
			failures = append(failures, Failure{
				ID: c.ID, Name: c.Name, Role: c.Owner.Role, SpecHash: c.Owner.SpecHash, At: s.Now, Reason: "ended",
			})
		}
	}
	return failures
}

func failureSeen(s State, c *runtime.Container) (Failure, bool) {
	f := Failure{ID: c.ID, Name: c.Name, Role: c.Owner.Role, SpecHash: c.Owner.SpecHash}
	switch c.State {
	case runtime.StateExited:
		if c.Inspection == nil {
			return f, false
		}
		f.At, f.Reason = c.Inspection.FinishedAt, exitReason(c.Inspection)
		return f, true
	case runtime.StateRunning:
		h, probed := s.Observed.Health[c.ID]
		if !probed || h.State != HealthFailed && h.State != HealthUnready {
			return f, false
		}
		if !servicesDownSince(s).IsZero() && h.State == HealthUnready {
			return f, false
		}
		f.At, f.Reason = h.Since, "not ready: "+h.Message
		return f, true
	default:
		return f, false
	}
}

// key tells two failures of one container apart, as a service has when it is
// started again in place.
func (f Failure) key() string { return f.ID + f.At.Format(time.RFC3339Nano) }

// String is "hal-dev-3 exited with code 1: its last line".
func (f Failure) String() string {
	if f.LastLog == "" {
		return f.Name + " " + f.Reason
	}
	return fmt.Sprintf("%s %s: %q", f.Name, f.Reason, f.LastLog)
}

// servicesDownSince is the earliest time since which a declared shared service
// has not been ready; zero when all are.
func servicesDownSince(s State) time.Time {
	var since time.Time
	note := func(t time.Time) {
		if since.IsZero() || t.Before(since) {
			since = t
		}
	}
	if s.Pool == nil || s.Deleted {
		return since
	}
	for _, service := range Desire(s.Pool).Services {
		have := s.Observed.find(service.Spec.Owner.Role, service.Spec.Owner.Service)
		if len(have) == 0 {
			note(s.Now)
			continue
		}
		c := have[0]
		switch h := s.Observed.health(c); {
		case c.State == runtime.StateExited && c.Inspection != nil:
			note(c.Inspection.FinishedAt)
		case c.State != runtime.StateRunning:
			note(s.Now)
		case h.State != HealthReady:
			note(h.Since)
		}
	}
	return since
}
