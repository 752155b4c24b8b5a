// Package spec is the manifest: its types, and the way from YAML text to a
// defaulted, valid object.
//
// Start at types.go for what a user can write, and at Load (load.go) for how a
// file becomes objects and errors. Nothing here talks to an engine; package
// watch, below this one, is the only one that watches files.
package spec
