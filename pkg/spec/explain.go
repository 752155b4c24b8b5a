package spec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Explanation is the documentation of one field.
type Explanation struct {
	// Path as asked, without indices.
	Path string
	// Type for people: string, list of EnvVar, memory quantity.
	Type     string
	Required bool
	// Doc is the whole text; it says the default.
	Doc string
	// Words are the values that are allowed, where there are a few.
	Words []string
	// Fields below this one, in the order of the reference.
	Fields []ExplainedField
}

// ExplainedField is a line of an Explanation.
type ExplainedField struct {
	Name     string
	Type     string
	Required bool
	// Synopsis is the first sentence of the field's documentation.
	Synopsis string
}

var kindTypes = map[string]reflect.Type{
	"pool":  reflect.TypeFor[Pool](),
	"claim": reflect.TypeFor[Claim](),
}

var pathIndex = regexp.MustCompile(`\[[0-9]*\]`)

// Explain documents the field at a path such as pool.spec.workers.update. Indices
// of lists may be left out. The error about an unknown path names the nearest
// right one.
func Explain(path string) (Explanation, error) {
	path = pathIndex.ReplaceAllString(path, "")
	kind, rest, _ := strings.Cut(path, ".")
	t, known := kindTypes[strings.ToLower(kind)]
	if !known {
		return Explanation{}, fmt.Errorf("explain %q: unknown kind%s", clip(path, maxPathShown), suggest(kind, sortedKeys(kindTypes)))
	}
	at, own := strings.ToLower(kind), field{typ: t, required: true}
	doc := fieldDocs()[t.Name()].Description
	for _, name := range strings.FieldsFunc(rest, func(r rune) bool { return r == '.' }) {
		owner := element(own.typ)
		fields := childFields(owner)
		f, found := fields.find(name)
		if !found {
			return Explanation{}, fmt.Errorf("explain %q: %s", clip(path, maxPathShown), noSuchField(at, name, fields))
		}
		at, own, doc = at+"."+name, f, documentation(owner, name)
		if about := fieldDocs()[element(f.typ).Name()].Description; about != doc {
			doc = strings.TrimSpace(doc + " " + about)
		}
	}
	return explanation(at, own, doc), nil
}

func noSuchField(at, name string, fields fieldSet) string {
	if len(fields) == 0 {
		return at + " has no fields"
	}
	if near, ok := Nearest(name, fields.names()); ok {
		return fmt.Sprintf("%s has no field %.40q: did you mean %s.%s?", at, name, at, near)
	}
	return fmt.Sprintf("%s has no field %.40q: it has %s", at, name, strings.Join(fields.names(), ", "))
}

func explanation(path string, f field, doc string) Explanation {
	e := Explanation{Path: path, Type: typeName(f.typ), Required: f.required, Doc: doc}
	owner := element(f.typ)
	if enum, ok := reflect.Zero(owner).Interface().(Enum); ok {
		e.Words = enum.Words()
	}
	for _, c := range childFields(owner) {
		synopsis, _, more := strings.Cut(documentation(owner, c.name), ". ")
		if more {
			synopsis += "."
		}
		e.Fields = append(e.Fields, ExplainedField{Name: c.name, Type: typeName(c.typ), Required: c.required, Synopsis: synopsis})
	}
	return e
}

// childFields are the keys of the mapping that t is, if it is one.
func childFields(t reflect.Type) fieldSet {
	if _, isScalar := scalarReaders[t]; isScalar || t.Kind() != reflect.Struct {
		return nil
	}
	return fieldsOf(t)
}

// element is the type inside pointers and lists.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

func typeName(t reflect.Type) string {
	if form, ok := reflect.Zero(t).Interface().(Patterned); ok && t.Kind() != reflect.Pointer {
		return form.Form()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "map of " + typeName(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "time"
		}
		return t.Name()
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Bool:
		return "boolean"
	default:
		return "string"
	}
}

// typeDoc is what the schema says of a type.
type typeDoc struct {
	Description string
	Properties  map[string]struct{ Description string }
}

// The sources are not there at run time; the schema has their comments.
var fieldDocs = sync.OnceValue(func() map[string]typeDoc {
	var s struct {
		Defs map[string]typeDoc `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		panic("pool.schema.json is not what go generate made: " + err.Error())
	}
	return s.Defs
})

func documentation(owner reflect.Type, name string) string {
	return fieldDocs()[owner.Name()].Properties[name].Description
}
