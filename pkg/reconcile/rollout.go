package reconcile

import (
	"fmt"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Rollout is how far the change from one worker template to another has come.
// It is kept in the state directory; losing it costs the way back, not workers.
type Rollout struct {
	// Target is the revision that the manifest asks for.
	Target string `json:"target"`
	// Good is the template of the last revision that was complete, and
	// GoodRevision its hash.
	Good         *spec.WorkerTemplate `json:"good,omitempty"`
	GoodRevision string               `json:"goodRevision,omitempty"`
	// Started is when the rollout to Target began, or was resumed.
	Started time.Time `json:"started,omitzero"`
	// Progressed is when the last worker of Target became available.
	Progressed time.Time `json:"progressed,omitzero"`
	// Available is how many workers of Target were available then.
	Available int `json:"available,omitempty"`
	// Held says that a person has paused it.
	Held bool `json:"held,omitempty"`
	// Outcome is empty while it goes on or is complete.
	Outcome Outcome `json:"outcome,omitempty"`
	// Message says what the outcome is due to.
	Message string `json:"message,omitempty"`
}

// Outcome is how a rollout ended that did not complete.
type Outcome string

// Outcomes.
const (
	OutcomePaused     Outcome = "Paused"
	OutcomeRolledBack Outcome = "RolledBack"
)

// paused says that a rollout creates nothing of its target and retires nothing.
func (r Rollout) paused() bool { return r.Held || r.Outcome == OutcomePaused }

// effectiveTemplate is the template in force: the manifest's, or after a
// rollback the last good one.
func effectiveTemplate(s State) Template {
	if s.Rollout.Outcome == OutcomeRolledBack && s.Rollout.Good != nil {
		return DesireTemplate(s.Pool, *s.Rollout.Good)
	}
	return Desire(s.Pool).Worker
}

// healTemplate is what a missing worker is made from while a rollout is paused:
// the last good template where it is known, since the new one is in doubt.
func healTemplate(s State, effective Template) Template {
	if s.Rollout.paused() && s.Rollout.Good != nil {
		return DesireTemplate(s.Pool, *s.Rollout.Good)
	}
	return effective
}

// Advance is the rollout record after one more look at the world. It is pure;
// the caller keeps what it returns. A suspended pool's rollout stands still.
func Advance(s State) Rollout {
	s, _ = inForce(s)
	r := s.Rollout
	if s.Deleted || s.Pool == nil || s.Pool.Spec.Suspend {
		return r
	}
	target := Desire(s.Pool).Worker
	if r.Target != target.Revision {
		r = Rollout{Target: target.Revision, Good: r.Good, GoodRevision: r.GoodRevision, Held: r.Held, Started: s.Now, Progressed: s.Now}
	}
	if r.Outcome != "" {
		return r
	}
	workers := classify(s, target)
	available, behind := progress(s, workers)
	wanted := warmWanted(s, workers)
	if behind == 0 && available >= wanted && servicesDownSince(s).IsZero() {
		r.Started, r.Available = time.Time{}, available
		if wanted > 0 { // no worker has shown that an empty pool's revision is good
			template := s.Pool.Spec.Workers.Template
			r.Good, r.GoodRevision = &template, target.Revision
		}
		return r
	}
	if r.GoodRevision == target.Revision || (r.Good == nil && behind == 0) {
		return r // healing or first creation: no rollout
	}
	if r.Started.IsZero() {
		r.Started, r.Progressed = s.Now, s.Now
	}
	if available > r.Available {
		r.Progressed = s.Now
	}
	r.Available = available
	if r.Held {
		return r // Resume starts the deadline anew
	}
	return judge(s, r, target)
}

// judge applies onFailure to a rollout that fails. What has been rolled back is
// never rolled back again: an outcome ends the judging.
func judge(s State, r Rollout, target Template) Rollout {
	update := s.Pool.Spec.Workers.Update
	message := ""
	if n, last := failuresSince(s, target.Revision, r.Started); n > *update.MaxFailures {
		message = fmt.Sprintf("%s of revision %s failed; the last, %s", count(n, "worker"), target.Revision, last)
	} else if deadline := time.Duration(update.ProgressDeadline); s.Now.Sub(r.Progressed) >= deadline {
		message = fmt.Sprintf("no worker of revision %s became available within %s", target.Revision, update.ProgressDeadline)
	}
	if message == "" || update.OnFailure == spec.OnFailureContinue {
		r.Message = message
		return r
	}
	r.Outcome, r.Message = OutcomePaused, message
	if update.OnFailure == spec.OnFailureRollback {
		if r.Good == nil {
			r.Message += "; no earlier revision is known to go back to"
			return r
		}
		r.Outcome = OutcomeRolledBack
	}
	return r
}

// progress counts, of workers classified for the target, the available ones and the unclaimed ones
// that are still of another revision.
func progress(s State, workers []*worker) (available, behind int) {
	minReady := time.Duration(*s.Pool.Spec.Workers.Update.MinReady)
	for _, w := range workers {
		switch {
		case w.claim != "" || !w.live():
		case w.old:
			behind++
		case w.availableAt(s.Now, minReady):
			available++
		}
	}
	return available, behind
}

func failuresSince(s State, revision string, since time.Time) (int, Failure) {
	n, last := 0, Failure{}
	for _, f := range s.Failures {
		if f.Role == runtime.RoleWorker && shortRevision(f.SpecHash) == revision && !f.At.Before(since) {
			n, last = n+1, f
		}
	}
	return n, last
}

// rollingOut says that the target is on its way in.
func (r Rollout) rollingOut() bool {
	return !r.Started.IsZero() && r.Outcome == "" && r.GoodRevision != r.Target && r.GoodRevision != ""
}

// Resume lets a paused or rolled back rollout go on, with its failures forgiven.
func (r Rollout) Resume(now time.Time) Rollout {
	r.Held, r.Outcome, r.Message = false, "", ""
	r.Started, r.Progressed = now, now
	return r
}

// Pause holds a rollout until it is resumed.
func (r Rollout) Pause() Rollout {
	r.Held = true
	return r
}

// Undo goes back to the last good revision until the manifest changes. Only that
// one is kept, so a rollout that is complete cannot be undone.
func (r Rollout) Undo() (Rollout, error) {
	if r.Good == nil || r.GoodRevision == r.Target {
		return r, fmt.Errorf("undo the rollout to revision %s: no other revision is kept to go back to; edit the manifest instead", r.Target)
	}
	r.Outcome, r.Held, r.Message = OutcomeRolledBack, false, "undone by hand"
	return r, nil
}
