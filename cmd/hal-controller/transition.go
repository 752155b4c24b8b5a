package main

import (
	"slices"
	"sync"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// transition is a change of a container's phase, or of a pool's condition.
type transition struct {
	Pool string `json:"pool"`
	// Container changed to Phase, which is phaseRemoved once it is gone.
	Container string `json:"container,omitempty"`
	Phase     string `json:"phase,omitempty"`
	// Condition of the pool changed to Status, for Reason.
	Condition string `json:"condition,omitempty"`
	Status    string `json:"status,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Message   string `json:"message,omitempty"`
}

// phaseRemoved is the phase of what is there no more: a container, or, without
// one, the pool.
const phaseRemoved = "Removed"

// String is the transition as a line has it: "pool/dev hal-dev-3 Ready".
func (t transition) String() string {
	text := "pool/" + t.Pool
	switch {
	case t.Condition != "":
		text += " " + t.Condition + "=" + t.Status + " " + t.Reason
	case t.Container != "":
		text += " " + t.Container + " " + t.Phase
	default:
		text += " " + t.Phase
	}
	if t.Message != "" {
		text += ": " + t.Message
	}
	return printable(text)
}

// transitions lead from pools as they were to pools as they are: for each pool
// its containers, then its conditions.
func transitions(old, now []spec.Pool) []transition {
	var all []transition
	for _, p := range now {
		was, _ := poolIn(old, p.Metadata.Name)
		all = append(all, poolTransitions(p.Metadata.Name, orEmpty(was.Status), orEmpty(p.Status))...)
	}
	for _, p := range old {
		name := p.Metadata.Name
		if _, there := poolIn(now, name); !there {
			all = append(all, containerTransitions(name, orEmpty(p.Status), &spec.PoolStatus{})...)
			all = append(all, transition{Pool: name, Phase: phaseRemoved})
		}
	}
	return all
}

func poolIn(pools []spec.Pool, name string) (spec.Pool, bool) {
	for _, p := range pools {
		if p.Metadata.Name == name {
			return p, true
		}
	}
	return spec.Pool{}, false
}

// orEmpty is a status to read from: that of a pool nobody has looked at has
// nothing in it.
func orEmpty(status *spec.PoolStatus) *spec.PoolStatus {
	if status == nil {
		return &spec.PoolStatus{}
	}
	return status
}

func poolTransitions(pool string, old, now *spec.PoolStatus) []transition {
	all := containerTransitions(pool, old, now)
	for _, c := range now.Conditions {
		was := reconcile.Condition(old, c.Type)
		if was.Status == c.Status && was.Reason == c.Reason || was.Reason == "" && dull(c) {
			continue
		}
		all = append(all, transition{Pool: pool, Condition: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
	}
	return all
}

// dull is a condition that says of a pool seen for the first time only what
// anyone expects.
func dull(c spec.Condition) bool {
	return c.Reason == spec.ReasonHealthy || c.Reason == spec.ReasonManifestLoaded
}

// containerTransitions go by id: a name may have passed to another container,
// and a claim gives a container another name.
func containerTransitions(pool string, old, now *spec.PoolStatus) []transition {
	var all []transition
	before, after := byID(old), byID(now)
	for _, c := range containersOf(*old) {
		if _, left := after[c.ID]; !left {
			all = append(all, transition{Pool: pool, Container: c.Name, Phase: phaseRemoved})
		}
	}
	for _, c := range containersOf(*now) {
		if was := before[c.ID]; was.Phase != c.Phase || was.Name != c.Name {
			all = append(all, transition{Pool: pool, Container: c.Name, Phase: c.Phase, Message: c.Message})
		}
	}
	return all
}

func byID(s *spec.PoolStatus) map[string]spec.ContainerStatus {
	out := map[string]spec.ContainerStatus{}
	for _, c := range containersOf(*s) {
		out[c.ID] = c
	}
	return out
}

func containersOf(s spec.PoolStatus) []spec.ContainerStatus {
	return slices.Concat(s.Services, s.Workers)
}

// transitionLog is the progress that prints each transition once.
type transitionLog struct {
	now   func() time.Time
	print func(time.Time, transition)

	mu    sync.Mutex
	pools []spec.Pool
}

// Update prints what has changed since the last one.
func (l *transitionLog) Update(pools []spec.Pool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.now()
	for _, t := range transitions(l.pools, pools) {
		l.print(at, t)
	}
	l.pools = slices.Clone(pools)
}

// Done does nothing: every line is complete.
func (l *transitionLog) Done() {}
