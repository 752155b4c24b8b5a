package spec

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// field is what a struct's tags say about one key of a mapping.
type field struct {
	name     string
	typ      reflect.Type
	required bool
	// zero says whether an explicit 0 can be told from a key left out, or means
	// the same.
	zero bool
	// minimum and maximum bound a number, inclusively; nil is unbounded.
	minimum, maximum *int64
}

// fieldSet is the keys that a struct allows, in the order of their declaration.
type fieldSet []field

func (fs fieldSet) find(name string) (field, bool) {
	i := slices.IndexFunc(fs, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fs[i], true
}

func (fs fieldSet) names() []string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	return names
}

var fieldSets sync.Map // reflect.Type to fieldSet

// fieldsOf reads the keys of struct type t from its tags: a field without
// omitempty or omitzero is required, and the bounds of a number are those that
// the JSON Schema shows.
func fieldsOf(t reflect.Type) fieldSet {
	if cached, ok := fieldSets.Load(t); ok {
		return cached.(fieldSet)
	}
	var fs fieldSet
	for _, sf := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "" {
			continue // an embedded struct; its fields are visible themselves
		}
		bounds := sf.Tag.Get("jsonschema")
		fs = append(fs, field{
			name:     name,
			typ:      sf.Type,
			required: !strings.Contains(options, "omit"),
			zero:     sf.Type.Kind() == reflect.Pointer || strings.Contains(bounds, "default=0"),
			minimum:  bound(bounds, "minimum="),
			maximum:  bound(bounds, "maximum="),
		})
	}
	fieldSets.Store(t, fs)
	return fs
}

func bound(tag, key string) *int64 {
	for option := range strings.SplitSeq(tag, ",") {
		if text, ok := strings.CutPrefix(option, key); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return &n
			}
		}
	}
	return nil
}
