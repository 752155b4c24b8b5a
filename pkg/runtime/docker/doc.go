// Package docker implements the runtime interfaces over the Docker Engine API,
// for engines from 20.10 (API 1.41) on. It is the only importer of the Docker
// client.
//
// Resolve finds out which engine to talk to, as the docker command does, and New
// makes an Engine of it. Each method of Engine is one call of the API, or one
// and a look at what it is about, and its translation: create.go turns a
// ContainerSpec into a request and inspect.go turns an inspection back, so that
// both can be compared field by field.
//
// Errors say what the engine said and, where a caller can act on it, which of
// package runtime's errors that is. What was attempted is left to the caller to
// say: it knows why. Each call classifies for itself, because one answer means
// different things: 404 is a missing image to one call, and a container that
// is gone to another.
package docker
