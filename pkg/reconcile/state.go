package reconcile

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// State is everything that a decision about one pool needs. Deciding never
// changes it.
type State struct {
	// Name of the pool.
	Name string
	// Pool is the manifest in force, defaulted and valid. It is the last known
	// one, or nil, when Deleted.
	Pool *spec.Pool
	// Generation of the manifest.
	Generation int64
	// Deleted says that the pool was declared and no longer is: drain it.
	Deleted bool
	// Observed is what the engine has.
	Observed Observed
	// Claims by container id: the bindings on record. A worker whose name
	// carries a claim is claimed even where the record is lost.
	Claims map[string]string
	// Waiting is how many claims wait for a worker that is made for them.
	Waiting int
	// Rollout so far.
	Rollout Rollout
	// Failures so far, oldest first.
	Failures []Failure
	// Now is the time of the decision.
	Now time.Time
}

// Observed is what the engine has for one pool.
type Observed struct {
	Containers []runtime.Container
	// Stopping are the ids of containers that are being stopped just now, Asked
	// those that the controller has stopped: their end is no failure.
	Stopping map[string]bool
	Asked    map[string]bool
	// Unanswered are the ids of containers that the engine does not tell of just now.
	Unanswered map[string]bool
	Network    *runtime.Network
	Volumes    map[string]runtime.Volume
	// Images by reference; one that is not there is missing on the engine.
	Images map[string]string
	Host   runtime.Host
	// Health by container id. A running container without one has no probe.
	Health map[string]Health
}

// HealthState is what probing has found.
type HealthState string

// Health states.
const (
	// HealthStarting: never ready yet, and still allowed not to be.
	HealthStarting HealthState = "Starting"
	// HealthReady: ready.
	HealthReady HealthState = "Ready"
	// HealthUnready: was ready, and has failed failureThreshold times in a row.
	HealthUnready HealthState = "Unready"
	// HealthFailed: did not warm up, or did not become ready in its time.
	HealthFailed HealthState = "Failed"
)

// Health of one container, as probing has found it.
type Health struct {
	State HealthState
	// Since is when it came into this state.
	Since time.Time
	// Message of the last try that failed.
	Message string
	// Tried says that it has been asked at all. A container that has not been,
	// as after a restart of the controller, may well be ready.
	Tried bool
}

// Failure is the end of a container that should have gone on.
type Failure struct {
	ID       string
	Name     string
	Role     runtime.Role
	SpecHash string
	At       time.Time
	// Reason in a few words: "exited with code 1", "killed: out of memory".
	Reason string
	// Stuck says that the engine will never start this container again.
	Stuck bool
	// LastLog is its last line of output.
	LastLog string
	quoted  bool // LastLog has been asked for
}

// each goes over the containers. They are the state's own: not to be changed.
func (o Observed) each() iter.Seq[*runtime.Container] {
	return func(yield func(*runtime.Container) bool) {
		for i := range o.Containers {
			if !yield(&o.Containers[i]) {
				return
			}
		}
	}
}

// find returns the containers of a role, by ordinal and then name.
func (o Observed) find(role runtime.Role, service string) []*runtime.Container {
	var found []*runtime.Container
	for c := range o.each() {
		if c.Owner.Role == role && c.Owner.Service == service {
			found = append(found, c)
		}
	}
	if !slices.IsSortedFunc(found, byOrdinal) {
		slices.SortFunc(found, byOrdinal)
	}
	return found
}

func byOrdinal(a, b *runtime.Container) int {
	if a.Owner.Ordinal != b.Owner.Ordinal {
		return cmp.Compare(a.Owner.Ordinal, b.Owner.Ordinal)
	}
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

func (o Observed) sandbox() *runtime.Container {
	found := o.find(runtime.RoleSandbox, "")
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// health of a running container: without a probe it is ready since its start.
func (o Observed) health(c *runtime.Container) Health {
	if h, probed := o.Health[c.ID]; probed {
		return h
	}
	if c.Inspection != nil {
		return Health{State: HealthReady, Since: c.Inspection.StartedAt}
	}
	return Health{State: HealthReady, Since: c.Created}
}

// removing says that a container is on its way out.
func (o Observed) removing() bool {
	return slices.ContainsFunc(o.Containers, func(c runtime.Container) bool { return c.State == runtime.StateRemoving })
}

// unsettled says that a worker has ended so recently that it could not be
// inspected yet: the next pass knows more.
func (o Observed) unsettled() bool {
	for c := range o.each() {
		if endedJustNow(c) && !o.Unanswered[c.ID] {
			return true
		}
	}
	return false
}

func endedJustNow(c *runtime.Container) bool {
	return c.Owner.Role == runtime.RoleWorker && c.State == runtime.StateExited && c.Inspection == nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func compareStrings(a, b string) int { return cmp.Compare(a, b) }
