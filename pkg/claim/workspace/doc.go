// Package workspace copies a project into a worker and brings back what changed
// in it, for where the project cannot be bound: the controller is not root, or
// the engine is not on this machine.
//
// [CopyIn] sends the project as a tar and returns a [Manifest] of what it sent.
// [CopyOut] goes the other way, in steps that can each be used and tested alone:
//
//	survey   what the worker has: one line of find a path, no content
//	rules    the worker's .gitignore and .halignore files
//	Changes  what to bring back: a pure comparison of the two with the manifest
//	Apply    does it, with a tar of the files that the comparison asks for
//
// What changed on both sides since is never overwritten: the worker's version is
// put beside the person's, as NAME.hal-conflict-CLAIM, and the [Report] names it.
// What the worker sends is taken for hostile: nothing is written outside of the
// project or through a link, and git is given nothing to run.
//
// Every step may be repeated. Owners, extended attributes and hard links are not
// carried; of a mode, its nine permission bits, and a directory never loses those of
// its owner.
package workspace
