// Package state is what the controller keeps on its host: where its files are,
// the lock that makes it the only controller of its instance, and the rollout
// records. All of it may be lost: the engine and the manifests are the truth.
package state
