package reconcile

import (
	"strconv"
	"strings"

	"hal-controller/pkg/runtime"
)

// Names on the engine. They are fixed, so that a create which has happened
// already is a conflict and never a twin.

func networkName(pool string) string { return "hal-" + pool }

func sandboxName(pool string) string { return "hal-" + pool + "-sandbox" }

func serviceName(pool, service string) string { return "hal-" + pool + "-" + service }

func volumeName(pool, volume string) string { return "hal-" + pool + "-" + volume }

// WorkerName is the name of a worker that nobody has claimed.
func WorkerName(pool string, ordinal int) string {
	return "hal-" + pool + "-" + strconv.Itoa(ordinal)
}

// ClaimedName is the name of a worker while a claim holds it. The engine keeps
// it, so that losing the state directory loses no binding.
func ClaimedName(pool string, ordinal int, claim string) string {
	return WorkerName(pool, ordinal) + "." + claim
}

// ClaimOf is the claim that a container's name carries, or "".
func ClaimOf(c runtime.Container) string {
	if c.Owner.Role != runtime.RoleWorker {
		return ""
	}
	return claimInName(c.Owner.Pool, c.Owner.Ordinal, c.Name)
}

// claimInName returns the claim that a worker's name carries, or "".
func claimInName(pool string, ordinal int, name string) string {
	base, claim, found := strings.Cut(name, ".")
	if !found || base != WorkerName(pool, ordinal) {
		return ""
	}
	return claim
}

// VolumeOfName returns the manifest's name of a pool's volume on the engine.
func VolumeOfName(pool, name string) string { return strings.TrimPrefix(name, "hal-"+pool+"-") }
