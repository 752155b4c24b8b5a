package spec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// want puts what should be at path into the values, and says whether that is a
// change. A boolean that is not written is false.
func (t *text) want(i int, value any, path ...string) bool {
	mapping, _ := t.values[i].(map[string]any)
	for _, key := range path[:len(path)-1] {
		mapping, _ = mapping[key].(map[string]any)
	}
	key := path[len(path)-1]
	current, written := mapping[key]
	if current == value || !written && value == false {
		return false
	}
	if mapping != nil { // if not, locate says what is wrong
		mapping[key] = value
	}
	return true
}

// locate is the value at path below root, if it is written there.
func locate(root *yaml.Node, path ...string) (*yaml.Node, error) {
	n, at := root, ""
	for _, key := range path {
		if err := ownMapping(n, at); err != nil {
			return nil, err
		}
		at = keyPath(at, key)
		next := child(n, key)
		switch {
		case next == nil && hasMerge(n):
			return nil, fmt.Errorf("%s is merged in by <<; %s", at, byHand)
		case next == nil:
			return nil, fmt.Errorf("%s is not written there; %s", at, byHand)
		}
		n = next
	}
	return n, nil
}

// ownMapping says what is wrong with a value that should be a mapping, written
// where it is.
func ownMapping(n *yaml.Node, path string) error {
	switch n.Kind {
	case yaml.MappingNode:
		return nil
	case yaml.AliasNode:
		return aliasError(n, path)
	default:
		return fmt.Errorf("%s is %s, where a mapping belongs; %s", path, describe(n), byHand)
	}
}

func aliasError(n *yaml.Node, path string) error {
	return fmt.Errorf("%s is the alias *%.40s, which has its value elsewhere; %s", path, n.Value, byHand)
}

func hasMerge(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() == mergeTag {
			return true
		}
	}
	return false
}

// replaceScalar writes a plain scalar anew.
func (t *text) replaceScalar(i int, n *yaml.Node, tag, s string) ([]byte, error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return nil, aliasError(n, "the value")
	case n.Anchor != "":
		return nil, fmt.Errorf("the value has the anchor &%.40s, so that others may use it; %s", n.Anchor, byHand)
	case n.Kind != yaml.ScalarNode || !isPlain(n) || n.ShortTag() != tag:
		return nil, fmt.Errorf("the value is %s; %s", describe(n), byHand)
	}
	at := t.offset(i, n)
	if !bytes.HasPrefix(t.data[at:], []byte(n.Value)) {
		return nil, errEntangled
	}
	return t.splice(at, at+len(n.Value), s), nil
}

// insertFirst makes "key: value" the first of the mapping at the key parent of
// the document.
func (t *text) insertFirst(i int, parent, key, value string) ([]byte, error) {
	root := t.sections[i].root
	mapping, err := locate(root, parent)
	if err != nil {
		return nil, err
	}
	if err := ownMapping(mapping, parent); err != nil {
		return nil, err
	}
	if hasMerge(mapping) {
		return nil, fmt.Errorf("%s may be merged in by <<; %s", keyPath(parent, key), byHand)
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		return t.insertInFlow(i, mapping, key, value), nil
	}
	first := mapping.Content[0]
	indent := strings.Repeat(" ", first.Column-1)
	at := lineEnd(t.data, t.offset(i, keyNode(root, parent)))
	return t.splice(at, at, t.withBreaks(indent+key+": "+value+"\n")), nil
}

// insertInFlow is for {a: b}, and for JSON, whose keys are in quotes.
func (t *text) insertInFlow(i int, mapping *yaml.Node, key, value string) []byte {
	if len(mapping.Content) == 0 {
		at := t.offset(i, mapping) + len("{")
		return t.splice(at, at, key+": "+value)
	}
	first := mapping.Content[0]
	if first.Style&yaml.DoubleQuotedStyle != 0 {
		key = `"` + key + `"`
	}
	at := t.offset(i, first)
	return t.splice(at, at, key+": "+value+", ")
}

// keyNode is the key itself, which the mapping has.
func keyNode(mapping *yaml.Node, key string) *yaml.Node {
	value := child(mapping, key)
	return mapping.Content[slices.Index(mapping.Content, value)-1]
}

// offset is where a node of the i-th document begins. The parser counts columns
// in characters.
func (t *text) offset(i int, n *yaml.Node) int {
	at := t.sections[i].start
	for range n.Line - 1 {
		at = lineEnd(t.data, at)
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(t.data[at:])
		at += size
	}
	return at
}
