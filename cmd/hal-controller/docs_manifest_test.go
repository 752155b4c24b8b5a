package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"hal-controller/pkg/spec"
)

const manifestIntro = `# The manifest

Every field of a manifest. ` + "`hal explain pool.spec.workers`" + ` prints the same in a
terminal, and ` + "`hal schema`" + ` prints the JSON Schema for editors. A field in bold
must be given. Durations are written ` + "`500ms`, `90s`, `10m`" + `, memory ` + "`512Mi` or `4Gi`" + `,
CPU ` + "`\"2\"`, `\"0.5\"` or `500m`" + `. The smallest manifest:

` + "```yaml\n" + devPool + "```\n"

// typeDocs is what the schema says of a type, by its name.
type typeDocs map[string]struct {
	Description string
	Properties  map[string]struct{ Description string }
}

// manifestPage has a table for every type, each type once and in the order in
// which a reader meets it.
func manifestPage() string {
	var schema struct {
		Defs typeDocs `json:"$defs"`
	}
	if err := json.Unmarshal(spec.Schema(), &schema); err != nil {
		panic(err)
	}
	sections := &typeSections{docs: schema.Defs, seen: map[string]bool{}}
	sections.add("pool")
	sections.add("claim")
	return generated + manifestIntro + sections.text.String()
}

type typeSections struct {
	docs typeDocs
	seen map[string]bool
	text strings.Builder
}

// add writes the section of the type at a path, and then those below it.
func (s *typeSections) add(path string) {
	explanation, err := spec.Explain(path)
	if err != nil {
		panic(err)
	}
	name := typeIn(explanation.Type)
	if len(explanation.Fields) == 0 || s.seen[name] {
		return
	}
	s.seen[name] = true
	fmt.Fprintf(&s.text, "\n## %s\n\n%s\n\n| field | type | default | |\n|---|---|---|---|\n", name, s.docs[name].Description)
	for _, f := range explanation.Fields {
		s.row(name, f)
	}
	for _, f := range explanation.Fields {
		s.add(path + "." + f.Name)
	}
}

func (s *typeSections) row(owner string, f spec.ExplainedField) {
	field := "`" + f.Name + "`"
	if f.Required {
		field = "**" + field + "**"
	}
	doc, otherwise := splitDefault(s.docs[owner].Properties[f.Name].Description)
	fmt.Fprintf(&s.text, "| %s | %s | %s | %s |\n", field, s.linked(f.Type), cell(otherwise), cell(doc))
}

// linked is the name of a type, as a link where it has a section.
func (s *typeSections) linked(kind string) string {
	name := typeIn(kind)
	if _, documented := s.docs[name]; !documented {
		return kind
	}
	return strings.TrimSuffix(kind, name) + "[" + name + "](#" + strings.ToLower(name) + ")"
}

// typeIn is the type inside "list of" it.
func typeIn(kind string) string { return kind[strings.LastIndexByte(kind, ' ')+1:] }

var defaultSentence = regexp.MustCompile(` ?\bDefault:? (.+?)\.( |$)`)

// splitDefault takes the sentence on the default out of a documentation.
func splitDefault(doc string) (rest, otherwise string) {
	m := defaultSentence.FindStringSubmatch(doc)
	if m == nil {
		return doc, ""
	}
	return strings.TrimSpace(strings.Replace(doc, m[0], m[2], 1)), m[1]
}
