package reconcile

import (
	"hal-controller/pkg/spec"
)

// Manifests are the pools that are declared, and those that no longer are.
type Manifests interface {
	// Manifest returns what is known of a pool; false for one that was never
	// declared, or was deleted and is forgotten.
	Manifest(pool string) (Manifest, bool)
	// Names of all that Manifest knows, sorted.
	Names() []string
	// Synced says that every source has been read without error, so that a pool
	// that is not declared is known not to be.
	Synced() bool
	// Forget drops a deleted pool of which nothing is left.
	Forget(pool string)
}

// Manifest is a pool's manifest as it is in force.
type Manifest struct {
	Pool       *spec.Pool
	Generation int64
	// Deleted says that it is not declared any more; Pool is the last known.
	Deleted bool
	// Source is the file it came from.
	Source string
	// Problems are those of the file's latest content, "" when it is in force.
	Problems string
}
