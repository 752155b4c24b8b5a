package spec

import (
	_ "embed"
	"slices"
)

//go:generate go run ./internal/genschema/main

//go:embed pool.schema.json
var schema []byte

// Schema is the JSON Schema of a manifest, for editors and other programs. It
// knows every key, type, word and pattern; the rules between fields are
// Validate's only.
func Schema() []byte { return slices.Clone(schema) }
