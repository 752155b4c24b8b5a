package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// phase is where a worker is in its life.
type phase int

const (
	phaseCreated     phase = iota // made, not started
	phaseStarting                 // runs, not ready yet
	phaseReady                    // ready
	phaseBroken                   // runs, and has to be replaced
	phaseTerminating              // on its way down
	phaseFailed                   // ended, and it was not asked to
	phaseEnded                    // ended; nothing to be learnt from it
)

// worker is one worker container, classified. Everything that is decided about
// workers is decided on these.
type worker struct {
	*runtime.Container
	claim   string
	phase   phase
	since   time.Time // of its phase, where it is ready
	unasked bool      // starting, and its probes have not been asked yet
	current bool      // of the effective revision
	old     bool      // to be replaced when there is room: revision, drift or age
	cause   string    // why it is broken, old or failed
	limits  []string  // what an update in place would repair
}

// live workers count towards warm.
func (w *worker) live() bool {
	return w.claim == "" && (w.phase == phaseCreated || w.phase == phaseStarting || w.phase == phaseReady)
}

func (w *worker) availableAt(now time.Time, minReady time.Duration) bool {
	return w.phase == phaseReady && !now.Before(w.since.Add(minReady))
}

// classify sorts out the pool's workers. effective is the template in force.
func classify(s State, effective Template) []*worker {
	gate := servicesDownSince(s)
	sandbox := s.Observed.sandbox()
	found := s.Observed.find(runtime.RoleWorker, "")
	workers := make([]*worker, 0, len(found))
	for _, c := range found {
		w := &worker{Container: c, claim: claimOf(s, c)}
		w.current = c.Owner.Revision == effective.Revision
		w.phase, w.since, w.cause = workerPhase(s, c, sandbox, gate)
		h, probed := s.Observed.Health[c.ID]
		w.unasked = w.phase == phaseStarting && probed && !h.Tried
		if w.current {
			w.limits = limitDrift(fitted(effective.prototype, s.Observed.Host), c)
		}
		if w.phase == phaseCreated || w.phase == phaseStarting || w.phase == phaseReady {
			if cause := replaceCause(s, effective, c); cause != "" {
				w.cause, w.old = cause, true
			}
		}
		workers = append(workers, w)
	}
	return workers
}

func claimOf(s State, c *runtime.Container) string {
	if claim, recorded := s.Claims[c.ID]; recorded {
		return claim
	}
	return claimInName(s.Name, c.Owner.Ordinal, c.Name)
}

func workerPhase(s State, c *runtime.Container, sandbox *runtime.Container, gate time.Time) (phase, time.Time, string) {
	if s.Observed.Stopping[c.ID] && c.State != runtime.StateExited {
		return phaseTerminating, time.Time{}, "stopping"
	}
	switch c.State {
	case runtime.StateCreated:
		if f, failed := failureOf(s.Failures, c); failed {
			return phaseFailed, f.At, f.Reason
		}
		return phaseCreated, time.Time{}, ""
	case runtime.StateExited:
		return exitedPhase(s, c)
	case runtime.StatePaused:
		return phaseBroken, time.Time{}, "paused"
	case runtime.StateRunning:
		return runningPhase(s, c, sandbox, gate)
	default:
		return phaseTerminating, time.Time{}, string(c.State)
	}
}

func runningPhase(s State, c *runtime.Container, sandbox *runtime.Container, gate time.Time) (phase, time.Time, string) {
	if s.Observed.Unanswered[c.ID] && c.Inspection == nil {
		return phaseStarting, time.Time{}, "the engine does not tell of it"
	}
	if cause := namespaceLost(c, sandbox, s.Now); cause != "" {
		return phaseBroken, time.Time{}, cause
	}
	if drift := networkDrift(bridgeNetwork(s), c); drift != "" {
		return phaseBroken, time.Time{}, drift
	}
	h := s.Observed.health(c)
	switch h.State {
	case HealthReady:
		if !gate.IsZero() && h.Since.After(gate) {
			return phaseStarting, h.Since, "a shared service is not ready"
		}
		return phaseReady, h.Since, ""
	case HealthFailed:
		return phaseBroken, h.Since, h.Message
	case HealthUnready:
		if !gate.IsZero() {
			return phaseStarting, h.Since, h.Message // it may be the service's fault: no churn
		}
		return phaseBroken, h.Since, "not ready: " + h.Message
	default:
		return phaseStarting, h.Since, h.Message
	}
}

// bridgeNetwork is the network that running workers must be joined to, "" in
// shared mode.
func bridgeNetwork(s State) string {
	if s.Pool == nil || s.Pool.Spec.Network.Mode != spec.NetworkBridge {
		return ""
	}
	return networkName(s.Name)
}

// exitedPhase tells a failure worth a look from an end that says nothing: exit
// code 0, an ordinary stop, or a kill by hand.
func exitedPhase(s State, c *runtime.Container) (phase, time.Time, string) {
	if c.Inspection == nil {
		return phaseTerminating, time.Time{}, "ended just now"
	}
	reason := exitReason(c.Inspection)
	if s.Observed.Asked[c.ID] {
		return phaseEnded, c.Inspection.FinishedAt, "stopped"
	}
	if c.Inspection.OOMKilled || !ordinaryExit(c.Inspection.ExitCode) {
		return phaseFailed, c.Inspection.FinishedAt, reason
	}
	return phaseEnded, c.Inspection.FinishedAt, reason
}

// ordinaryExit is an end by success, or by a signal that is sent to end a
// process: SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM.
func ordinaryExit(code int) bool {
	switch code {
	case 0, 129, 130, 131, 137, 143:
		return true
	default:
		return false
	}
}

func exitReason(i *runtime.Inspection) string {
	if i.OOMKilled {
		return "killed: out of memory"
	}
	if i.Error != "" {
		return fmt.Sprintf("exited with code %d: %s", i.ExitCode, i.Error)
	}
	return fmt.Sprintf("exited with code %d", i.ExitCode)
}

// namespaceLost says that a container's network namespace is not its sandbox's
// any more: it joined another sandbox, or this one has been restarted since,
// and what it holds is a dead interface.
func namespaceLost(c, sandbox *runtime.Container, now time.Time) string {
	if c.SandboxID == "" {
		return ""
	}
	if sandbox == nil || sandbox.ID != c.SandboxID {
		return "network namespace lost: its sandbox is gone"
	}
	if sandbox.State != runtime.StateRunning && sandbox.State != runtime.StatePaused { // a paused one has its namespace
		return "network namespace lost: its sandbox does not run"
	}
	if sandbox.Inspection != nil && sandbox.Inspection.StartedAt.After(now) {
		return "" // the clock has been set back: it does not tell what was first
	}
	if sandbox.Inspection != nil && c.Inspection != nil && c.Inspection.StartedAt.Before(sandbox.Inspection.StartedAt) {
		return "network namespace lost: its sandbox has been restarted"
	}
	return ""
}

// replaceCause says why an unclaimed worker that works should be replaced by
// another, when the bounds of a rollout allow.
func replaceCause(s State, effective Template, c *runtime.Container) string {
	if s.Pool == nil {
		return ""
	}
	want := effective.prototype
	if c.Owner.Revision != effective.Revision {
		if cause, yes := stale(want, c); yes {
			return cause
		}
	}
	if c.Inspection != nil && c.Owner.Revision == effective.Revision {
		if drift := hardDrift(want, c); drift != "" {
			return "drifted: " + drift
		}
	}
	maxAge := time.Duration(s.Pool.Spec.Workers.Lifetime.WarmMaxAge)
	if maxAge > 0 && s.Now.Sub(c.Created) >= maxAge {
		return "older than " + s.Pool.Spec.Workers.Lifetime.WarmMaxAge.String()
	}
	return ""
}

// hardDrift is what an update in place cannot repair.
func hardDrift(want runtime.ContainerSpec, c *runtime.Container) string {
	want.Limits = c.Inspection.Spec.Limits
	return strings.Join(specDifferences(want, c.Inspection.Spec), ", ")
}

// failureOf is the latest failure of a container.
func failureOf(failures []Failure, c *runtime.Container) (Failure, bool) {
	for _, f := range slices.Backward(failures) {
		if f.ID == c.ID {
			return f, true
		}
	}
	return Failure{}, false
}
