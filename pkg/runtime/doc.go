// Package runtime says what the controller needs from a container engine.
//
// The interfaces and types here are the whole of the controller's view of an
// engine: package docker implements them over the Docker Engine API and is the
// only importer of the Docker client, package fake implements them in memory,
// and one set of contract specs (package contract) keeps the two alike.
//
// Everything an implementation returns belongs to one instance: containers,
// networks and volumes are known by label only, and what carries no label of
// this instance does not exist here.
package runtime
