package reconcile

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// streak is an unbroken series of failures of one thing.
type streak struct {
	count int
	last  Failure
}

// streakOf counts back from the latest of the failures that match, until a gap
// of resetAfter. A series that ended that long ago is over.
func streakOf(failures []Failure, policy spec.Restart, now time.Time, match func(Failure) bool) streak {
	var s streak
	reset := time.Duration(policy.ResetAfter)
	next := now
	for i := len(failures) - 1; i >= 0; i-- {
		f := failures[i]
		if !match(f) {
			continue
		}
		if next.Sub(f.At) >= reset {
			break
		}
		if s.count == 0 {
			s.last = f
		}
		s.count++
		next = f.At
	}
	return s
}

// due is when a thing that has failed may be tried again. The first free
// failures cost nothing; then the wait doubles from initialBackoff up to
// maxBackoff, counted from the end of the last one.
func (s streak) due(policy spec.Restart, free int) time.Time {
	excess := s.count - free
	if excess <= 0 {
		return time.Time{}
	}
	backoff := wait.Backoff{
		Duration: time.Duration(policy.InitialBackoff),
		Factor:   2,
		Cap:      time.Duration(policy.MaxBackoff),
		Steps:    excess,
	}
	delay := backoff.Duration
	for range min(excess, 64) {
		delay = backoff.Step()
	}
	return s.last.At.Add(min(delay, time.Duration(policy.MaxBackoff)))
}

// crashLoop says that a pool's workers keep failing: more of them in a row
// than there are workers.
func (w workerPool) crashLoop(revision string) (streak, time.Time, bool) {
	policy := w.Pool.Spec.Workers.Restart
	proven := lastClaimed(w.workers, revision)
	failed := streakOf(w.Failures, policy, w.Now, func(f Failure) bool {
		return f.Role == runtime.RoleWorker && shortRevision(f.SpecHash) == revision && f.At.After(proven)
	})
	due := failed.due(policy, max(1, w.Pool.Spec.Workers.Warm))
	return failed, due, !due.IsZero()
}

// lastClaimed is when the latest worker of a revision was made that has been claimed:
// it became ready after all that failed before. Zero when there is none.
func lastClaimed(workers []*worker, revision string) (made time.Time) {
	for _, k := range workers {
		if k.claim != "" && shortRevision(k.Owner.SpecHash) == revision && k.Created.After(made) {
			made = k.Created
		}
	}
	return made
}

func serviceStreak(s State, want runtime.ContainerSpec) (streak, time.Time) {
	policy := s.Pool.Spec.Workers.Restart
	failed := streakOf(s.Failures, policy, s.Now, func(f Failure) bool {
		return f.Name == want.Name && f.SpecHash == want.Owner.SpecHash
	})
	return failed, failed.due(policy, 1)
}
