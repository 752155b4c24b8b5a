package main

import (
	"slices"
	"strings"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// manifests shows the reconciler what a store has. It implements
// reconcile.Manifests.
type manifests struct {
	store *spec.Store
	// prune says that the store is the whole truth, so that a pool which is on the
	// engine and not in it is drained.
	prune bool
}

// Manifest returns what is known of a pool.
func (m manifests) Manifest(pool string) (reconcile.Manifest, bool) {
	if entry, declared := m.store.Pool(pool); declared {
		return manifestOf(entry, false), true
	}
	for _, entry := range m.store.Deleted() {
		if entry.Pool.Metadata.Name == pool {
			return manifestOf(entry, true), true
		}
	}
	return reconcile.Manifest{}, false
}

// Names of all pools that Manifest knows, sorted.
func (m manifests) Names() []string {
	var names []string
	for _, entry := range slices.Concat(m.store.Pools(), m.store.Deleted()) {
		names = append(names, entry.Pool.Metadata.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Synced says that a pool which is not declared is known not to be.
func (m manifests) Synced() bool { return m.prune && m.store.Synced() }

// Forget drops a deleted pool of which nothing is left.
func (m manifests) Forget(pool string) { m.store.Forget(pool) }

func manifestOf(e spec.PoolEntry, deleted bool) reconcile.Manifest {
	manifest := reconcile.Manifest{Pool: e.Pool, Generation: e.Generation, Deleted: deleted, Source: e.Source.File}
	if !e.Valid {
		var lines []string
		for _, p := range e.Problems.Errors() {
			lines = append(lines, p.Error())
		}
		manifest.Problems = strings.Join(lines, "; ")
	}
	return manifest
}
