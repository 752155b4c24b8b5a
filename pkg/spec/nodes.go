package spec

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// position is a place in a file, counted from 1.
type position struct{ line, column int }

func positionOf(n *yaml.Node) position { return position{n.Line, n.Column} }

// positions maps the path of each value to its place.
type positions map[string]position

// of is the place of path, or of the nearest enclosing value that is written.
func (ps positions) of(path string) position {
	for {
		if p, ok := ps[path]; ok || path == "" {
			return p
		}
		path = parentPath(path)
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// keyPath is the path of a key below path: a.b, or a[hal/b].
func keyPath(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + key + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

func itemPath(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// parentPath cuts the last key or index off.
func parentPath(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '[' || path[i] == '.' {
			return path[:i]
		}
	}
	return ""
}

const (
	nullTag  = "!!null"
	boolTag  = "!!bool"
	intTag   = "!!int"
	floatTag = "!!float"
	strTag   = "!!str"
	timeTag  = "!!timestamp"
	mergeTag = "!!merge"
)

// describe names what n is, for a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
	}
	switch n.ShortTag() {
	case nullTag:
		return "empty"
	case boolTag:
		return fmt.Sprintf("the boolean %.40s", n.Value)
	case intTag, floatTag:
		return fmt.Sprintf("the number %.40s", n.Value)
	default:
		return fmt.Sprintf("the text %.40q", n.Value)
	}
}

func isPlain(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// Words that YAML 1.1 reads as booleans and YAML 1.2 as text.
var yaml11Boolean = regexp.MustCompile(`^([yY]|[nN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$`)
