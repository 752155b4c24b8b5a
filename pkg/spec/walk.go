package spec

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// A file with more errors than this is something else than a manifest.
	maxErrors = 100
	// How many nodes may be read through aliases. Without aliases the size of the
	// file bounds the work; a few nested ones stand for billions of nodes.
	maxAliasVisits = 10_000
)

// walker checks YAML nodes against the Go types that they will be decoded into,
// and turns them into plain values on the way: no parser's opinion of what "no"
// or 0777 means reaches the object. It reports what it finds and goes on, so
// that one walk finds everything.
type walker struct {
	problems    Problems
	at          positions
	following   map[*yaml.Node]bool // the aliased nodes being read now
	aliasVisits int
	stopped     bool
}

func newWalker() *walker {
	return &walker{at: positions{}, following: map[*yaml.Node]bool{}}
}

func (w *walker) report(n *yaml.Node, path, format string, args ...any) {
	if w.stopped {
		return
	}
	if len(w.problems) >= maxErrors {
		w.stop(n, "there are more errors; mend these first")
		return
	}
	w.problems = append(w.problems, Problem{Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...)})
}

func (w *walker) stop(n *yaml.Node, message string) {
	w.problems = append(w.problems, Problem{Line: n.Line, Column: n.Column, Message: message})
	w.stopped = true
}

// follow reads what n stands for: itself, or what an alias names. It does not
// call read on an alias that leads to itself, or once too much was read.
func (w *walker) follow(n *yaml.Node, path string, read func(*yaml.Node)) {
	if len(w.following) > 0 {
		w.aliasVisits++
	}
	if w.aliasVisits > maxAliasVisits && !w.stopped {
		w.stop(n, "the aliases of this document stand for too much: write it out")
	}
	if w.stopped {
		return
	}
	if n.Kind != yaml.AliasNode {
		read(n)
		return
	}
	if w.following[n.Alias] {
		w.report(n, path, "the anchor &%.40s contains itself", n.Value)
		return
	}
	w.following[n.Alias] = true
	defer delete(w.following, n.Alias)
	w.follow(n.Alias, path, read)
}

// value reads n as what field f holds. ok is false where there is no value to
// use; the reason has been reported then. A mapping or a list with errors inside
// is returned without them, so that the rest of it can be validated too.
func (w *walker) value(n *yaml.Node, path string, f field) (value any, ok bool) {
	w.follow(n, path, func(n *yaml.Node) {
		w.at[path] = positionOf(n)
		value, ok = w.typed(n, path, f)
	})
	return value, ok
}

func (w *walker) typed(n *yaml.Node, path string, f field) (any, bool) {
	if f.typ.Kind() == reflect.Pointer {
		f.typ = f.typ.Elem()
	}
	if read, ok := scalarReaders[f.typ]; ok {
		return read(w, n, path, f)
	}
	switch f.typ.Kind() {
	case reflect.Struct:
		return w.structure(n, path, fieldsOf(f.typ))
	case reflect.Slice:
		return w.list(n, path, f.typ.Elem())
	case reflect.Map:
		return w.texts(n, path)
	case reflect.Interface:
		return nil, false // checked elsewhere
	case reflect.Bool:
		return w.boolean(n, path)
	case reflect.Int, reflect.Int64:
		return w.number(n, path, f)
	default:
		return w.word(n, path, f)
	}
}

func (w *walker) structure(n *yaml.Node, path string, fields fieldSet) (any, bool) {
	if n.Kind != yaml.MappingNode {
		w.report(n, path, "is %s: a mapping with %s belongs here", describe(n), strings.Join(fields.names(), ", "))
		return nil, false
	}
	values := map[string]any{}
	written := map[string]bool{}
	for _, e := range w.entries(n, path) {
		at := keyPath(path, e.key.Value)
		f, known := fields.find(e.key.Value)
		if !known {
			w.report(e.key, at, "unknown key%s", suggest(e.key.Value, fields.names()))
			continue
		}
		written[f.name] = true
		if f.typ == statusType {
			w.warn(e.key, at, "is written by the controller only; ignored")
			continue
		}
		if v, ok := w.value(e.value, at, f); ok {
			values[f.name] = v
		}
	}
	for _, f := range fields {
		if f.required && !written[f.name] {
			w.report(n, keyPath(path, f.name), "is required")
		}
	}
	return values, true
}

func (w *walker) warn(n *yaml.Node, path, message string) {
	w.problems = append(w.problems, Problem{Line: n.Line, Column: n.Column, Path: path, Message: message, Warning: true})
}

func (w *walker) list(n *yaml.Node, path string, elem reflect.Type) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		w.report(n, path, "is %s: a list belongs here", describe(n))
		return nil, false
	}
	items := make([]any, len(n.Content))
	for i, item := range n.Content {
		items[i], _ = w.value(item, itemPath(path, i), field{typ: elem})
	}
	return items, true
}

func (w *walker) texts(n *yaml.Node, path string) (any, bool) {
	if n.Kind != yaml.MappingNode {
		w.report(n, path, "is %s: a mapping of names to texts belongs here", describe(n))
		return nil, false
	}
	values := map[string]any{}
	for _, e := range w.entries(n, path) {
		at := keyPath(path, e.key.Value)
		key, isText := w.text(e.key, at)
		if v, ok := w.value(e.value, at, field{typ: stringType}); ok && isText {
			values[key] = v
		}
	}
	return values, true
}

type entry struct{ key, value *yaml.Node }

// entries are the keys and values of a mapping, with merge keys (<<) resolved:
// what is written in the mapping itself wins over what is merged into it, and
// the first of several merged mappings over the later ones.
func (w *walker) entries(n *yaml.Node, path string) []entry {
	var own, merged []entry
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content) && !w.stopped; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind == yaml.ScalarNode && key.ShortTag() == mergeTag:
			merged = append(merged, w.merge(value, path)...)
		case key.Kind != yaml.ScalarNode:
			w.report(key, path, "a key must be a text")
		case first[key.Value] != nil:
			w.report(key, keyPath(path, key.Value), "is set twice: first in line %d", first[key.Value].Line)
		default:
			first[key.Value] = key
			own = append(own, entry{key, value})
		}
	}
	for _, e := range merged {
		if first[e.key.Value] == nil {
			first[e.key.Value] = e.key
			own = append(own, e)
		}
	}
	return own
}

func (w *walker) merge(n *yaml.Node, path string) (merged []entry) {
	w.follow(n, path, func(n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			merged = w.entries(n, path)
			w.aliasVisits += len(merged)
		case yaml.SequenceNode:
			for _, item := range n.Content {
				merged = append(merged, w.merge(item, path)...)
			}
		default:
			w.report(n, path, "<< is %s: it merges a mapping, or a list of them", describe(n))
		}
	})
	return merged
}
