// Package e2e holds scenarios of the real binary on a real engine: what only an
// engine can show. Each step acts as a person would (edits a manifest, kills a
// container, ends the controller) and looks at what the engine then has.
//
// They are behind the build tag e2e and need bin/hal-controller, the images of
// `make images` and an engine that answers: `make test-e2e` sees to all three.
// Each spec has an instance, pools, ports and directories of its own, and removes
// what it made by its instance's label, so that it may run beside a controller in
// use. The vocabulary is in world_test.go, manifest_test.go and engine_test.go.
package e2e
