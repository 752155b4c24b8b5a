package spec

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	stringType = reflect.TypeFor[string]()
	statusType = reflect.TypeFor[*PoolStatus]()
)

type scalarReader func(w *walker, n *yaml.Node, path string, f field) (any, bool)

// scalarReaders read the types that have a syntax of their own.
var scalarReaders = map[reflect.Type]scalarReader{
	reflect.TypeFor[CPU]():          quantity(ParseCPU, cpuHint),
	reflect.TypeFor[Memory]():       quantity(ParseMemory, memoryHint),
	reflect.TypeFor[Duration]():     duration,
	reflect.TypeFor[IntOrPercent](): intOrPercent,
}

// text reads a string, and nothing that some YAML parser takes for something else.
func (w *walker) text(n *yaml.Node, path string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		w.report(n, path, "is %s: a text belongs here", describe(n))
	case n.ShortTag() == nullTag:
		w.report(n, path, `is empty: write a text, "" for an empty one, or leave the key out`)
	case isPlain(n) && n.ShortTag() != strTag:
		w.report(n, path, "%.40s is %s to YAML and not a text: quote it, as %.40q", n.Value, kindWord(n), n.Value)
	case isPlain(n) && yaml11Boolean.MatchString(n.Value):
		w.report(n, path, "%.40s is a boolean to many YAML parsers: quote it, as %.40q", n.Value, n.Value)
	case n.ShortTag() != strTag:
		w.report(n, path, "the tag %.40s does not belong here", n.Tag)
	case strings.ContainsRune(n.Value, 0):
		w.report(n, path, "contains a NUL character")
	default:
		return n.Value, true
	}
	return "", false
}

func kindWord(n *yaml.Node) string {
	switch n.ShortTag() {
	case boolTag:
		return "a boolean"
	case intTag, floatTag:
		return "a number"
	case timeTag:
		return "a date"
	default:
		return n.ShortTag()
	}
}

// word reads a string, one of a few where the type is an Enum. A wrong one is
// passed on, so that rules that depend on it know that it is not the default.
func (w *walker) word(n *yaml.Node, path string, f field) (any, bool) {
	s, ok := w.text(n, path)
	if !ok {
		return nil, false
	}
	enum, isEnum := reflect.Zero(f.typ).Interface().(Enum)
	if isEnum && !slices.Contains(enum.Words(), s) {
		w.report(n, path, "%.40q is none of %s%s", s, strings.Join(enum.Words(), ", "), didYouMean(s, enum.Words()))
	}
	return s, true
}

func (w *walker) boolean(n *yaml.Node, path string) (any, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != boolTag {
		w.report(n, path, "is %s: write true or false", describe(n))
		return nil, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// Not 0777, 0x1F or 1_000, of which YAML's versions think differently.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func (w *walker) number(n *yaml.Node, path string, f field) (any, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != intTag {
		w.report(n, path, "is %s: a whole number belongs here", describe(n))
		return nil, false
	}
	if !decimal.MatchString(n.Value) {
		w.report(n, path, "%.40s: write it as a plain decimal number", n.Value)
		return nil, false
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	switch {
	case err != nil:
		w.report(n, path, "%.40s is too large", n.Value)
	case f.minimum != nil && v < *f.minimum:
		w.report(n, path, "%d: it must be at least %d", v, *f.minimum)
	case f.maximum != nil && v > *f.maximum:
		w.report(n, path, "%d: it must be at most %d", v, *f.maximum)
	default:
		return v, true
	}
	return nil, false
}

const (
	cpuHint    = `write it as a text such as "2" or "500m"`
	memoryHint = "write it with a unit, as 512Mi or 4Gi"
)

// quantity reads a limit. 0 is refused: where the key may be left out, nobody
// could say whether 0 is "none", "the default" or "no limit".
func quantity[T ~int64](parse func(string) (T, error), hint string) scalarReader {
	return func(w *walker, n *yaml.Node, path string, f field) (any, bool) {
		if n.Kind == yaml.ScalarNode && isPlain(n) && (n.ShortTag() == intTag || n.ShortTag() == floatTag) {
			w.report(n, path, "is %s: %s", describe(n), hint)
			return nil, false
		}
		s, ok := w.text(n, path)
		if !ok {
			return nil, false
		}
		q, err := parse(s)
		switch {
		case err != nil:
			w.report(n, path, "%s", err)
		case q <= 0:
			w.report(n, path, "%q: a limit must be above 0; leave the key out for the default", s)
		default:
			return s, true
		}
		return nil, false
	}
}

func duration(w *walker, n *yaml.Node, path string, f field) (any, bool) {
	s := n.Value
	if n.Kind != yaml.ScalarNode || n.ShortTag() != intTag {
		text, ok := w.text(n, path)
		if !ok {
			return nil, false
		}
		s = text
	}
	d, err := ParseDuration(s)
	switch {
	case err != nil && n.ShortTag() == intTag && decimal.MatchString(s):
		w.report(n, path, "%.40s has no unit: write it as %.40ss or %.40sm", s, s, s)
	case err != nil:
		w.report(n, path, "%s", err)
	case d == 0 && !f.zero:
		w.report(n, path, "%.40s: it must be above 0; leave the key out for the default", s)
	default:
		return d.String(), true
	}
	return nil, false
}

func intOrPercent(w *walker, n *yaml.Node, path string, _ field) (any, bool) {
	s := n.Value
	if n.Kind != yaml.ScalarNode || n.ShortTag() != intTag || !decimal.MatchString(s) {
		text, ok := w.text(n, path)
		if !ok {
			return nil, false
		}
		s = text
	}
	if _, err := ParseIntOrPercent(s); err != nil {
		w.report(n, path, "%s", err)
		return nil, false
	}
	return s, true
}
