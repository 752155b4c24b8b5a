// Package reconcile makes an engine match the manifests.
//
// It decides in pure functions and acts in thin ones. Read it in this order:
//
//	desired.go      what a manifest wants on the engine
//	state.go        everything a decision is made from, as one value
//	diff.go         Diff: from a State to a Plan; its parts are diff_*.go, mode.go and drain.go
//	worker.go       what each worker is: ready, broken, old, failed
//	plan.go         the Plan: actions, each with a cause
//	rollout.go      Advance: how a new revision comes in, pauses or goes back
//	restart.go      when what has failed may be tried again
//	status.go       ComputeStatus and conditions.go: what people are told
//
//	observe.go      reads the engine: one list call a pass
//	execute.go      carries a Plan out and decides nothing
//	reconciler.go   one pass: observe, decide, act, report
//	controller.go   calls it whenever something may have happened
//
// What Diff, Advance and ComputeStatus need, the time included, is in their
// argument, and they never change it. The package imports the manifest
// (pkg/spec) and the idea of an engine (pkg/runtime), and no other of ours.
package reconcile
