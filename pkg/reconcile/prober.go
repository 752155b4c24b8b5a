package reconcile

import (
	"time"

	"hal-controller/pkg/spec"
)

// Prober watches the health of containers.
type Prober interface {
	// Watch sets what is probed in a pool, replacing what was.
	Watch(pool string, targets []Target)
	// Health returns what probing has found, by container id.
	Health(pool string) map[string]Health
}

// Target is a running container with something to probe.
type Target struct {
	ID        string
	StartedAt time.Time
	// Address is where its ports are reached, "" where it has none.
	Address   string
	Warmup    *spec.Warmup
	Readiness *spec.Probe
}
