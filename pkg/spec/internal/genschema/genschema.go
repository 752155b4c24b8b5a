// Package genschema makes the JSON Schema of manifests from the types and
// comments of package spec. Run it with `go generate ./pkg/spec`.
package genschema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"hal-controller/pkg/spec"
)

// File is the generated file, in the directory of package spec.
const File = "pool.schema.json"

const specPackage = "hal-controller/pkg/spec"

// Generate returns the schema as indented JSON, the same for the same sources.
// The working directory must be that of package spec: the descriptions are its
// comments.
func Generate() ([]byte, error) {
	r := &jsonschema.Reflector{Anonymous: true, Mapper: scalar}
	if err := r.AddGoComments(specPackage, ".", jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read the comments of package spec: %w", err)
	}
	pool, claim := r.Reflect(&spec.Pool{}), r.Reflect(&spec.Claim{})
	maps.Copy(pool.Definitions, claim.Definitions)
	for _, definition := range pool.Definitions {
		namedAsWritten(definition)
	}
	constant(pool, "Pool", "kind", spec.KindPool)
	constant(pool, "Pool", "apiVersion", spec.APIVersion)
	constant(pool, "Claim", "kind", spec.KindClaim)
	constant(pool, "Claim", "apiVersion", spec.APIVersion)
	text, err := json.MarshalIndent(root(pool, claim), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// root chooses by kind, and not by oneOf, so that an editor tells what is wrong
// with a pool and not also why it is no claim.
func root(pool, claim *jsonschema.Schema) *jsonschema.Schema {
	isClaim := jsonschema.NewProperties()
	isClaim.Set("kind", &jsonschema.Schema{Const: spec.KindClaim})
	return &jsonschema.Schema{
		Version:     pool.Version,
		Title:       "hal-controller manifest",
		Definitions: pool.Definitions,
		If:          &jsonschema.Schema{Properties: isClaim, Required: []string{"kind"}},
		Then:        &jsonschema.Schema{Ref: claim.Ref},
		Else:        &jsonschema.Schema{Ref: pool.Ref},
	}
}

// namedAsWritten makes a description that begins with the name of a Go field
// begin with the key that a user writes: maxSurge for MaxSurge. One word, such as
// Period, can begin a sentence as it is.
func namedAsWritten(s *jsonschema.Schema) {
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		first, rest, _ := strings.Cut(p.Value.Description, " ")
		if strings.EqualFold(first, p.Key) && p.Key != strings.ToLower(p.Key) {
			p.Value.Description = p.Key + " " + rest
		}
	}
}

func constant(s *jsonschema.Schema, definition, property, value string) {
	if p, ok := s.Definitions[definition].Properties.Get(property); ok {
		p.Const = value
	}
}

// scalar maps the types with a syntax of their own; nil leaves the others to
// reflection.
func scalar(t reflect.Type) *jsonschema.Schema {
	switch v := reflect.Zero(t).Interface().(type) {
	case spec.Duration:
		return orNumber(v, &jsonschema.Schema{Type: "integer", Const: 0})
	case spec.IntOrPercent:
		return orNumber(v, &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: "999999"})
	case spec.Patterned:
		return text(v)
	case spec.Enum:
		s := &jsonschema.Schema{Type: "string"}
		for _, word := range v.Words() {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	return nil
}

func text(p spec.Patterned) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Title: p.Form(), Pattern: p.Pattern()}
}

func orNumber(p spec.Patterned, number *jsonschema.Schema) *jsonschema.Schema {
	s := text(p)
	s.Title = ""
	return &jsonschema.Schema{Title: p.Form(), AnyOf: []*jsonschema.Schema{s, number}}
}
