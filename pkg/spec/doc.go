// Package spec is the manifest: its types, and the way from YAML text to a
// defaulted, valid object.
//
// Start at types.go for what a user can write, and at Load (load.go) for how text
// becomes objects and errors:
//
//	text ─► decode (YAML nodes, walked against the types) ─► resolve paths ─►
//	Default ─► Validate ─► what objects cannot both have ─► objects, Problems
//
// Every step adds what it finds to the same list, and nothing stops at the first
// mistake. The types are the only source of what a manifest may contain: the
// walk, the JSON Schema and Explain read their fields, tags, words, patterns and
// comments. To add a field, add it to types.go, to Default or Validate if it has
// a default or a rule, and run go generate.
//
// Nothing here talks to an engine; package watch, below this one, is the only one
// that watches files.
package spec
