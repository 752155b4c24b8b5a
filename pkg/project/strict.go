package project

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"hal-controller/pkg/spec"
)

// strict reads a small file, and collects all that is wrong with it. Keys that are
// unknown or given twice are, and values that are no text where text belongs: what YAML
// takes for a number or a boolean is not what a person has written.
type strict struct {
	file     string
	problems spec.Problems
}

// field reads the value of a key; path names it in problems.
type field func(value *yaml.Node, path string)

// document is the one that data holds; nil where that is not so.
func (s *strict) document(data []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root, more yaml.Node
	err := decoder.Decode(&root)
	if errors.Is(err, io.EOF) {
		s.at(1, "is empty")
		return nil
	}
	if err != nil {
		s.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
		return root.Content[0]
	case err != nil:
		s.syntax(err)
	default:
		s.at(more.Line, "has more than one document")
	}
	return nil
}

// fields reads a mapping.
func (s *strict) fields(n *yaml.Node, path string, read map[string]field) {
	if n.Kind != yaml.MappingNode {
		s.report(n, path, "must be a mapping with %s", list(read))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		below := strings.TrimPrefix(path+"."+key.Value, ".")
		switch known := read[key.Value]; {
		case known == nil:
			s.report(key, below, "is unknown%s", nearest(key.Value, read))
		case seen[key.Value]:
			s.report(key, below, "is given twice")
		default:
			known(value, below)
		}
		seen[key.Value] = true
	}
}

// text is a field that is text, and not empty.
func (s *strict) text(into *string) field {
	return func(n *yaml.Node, path string) {
		switch {
		case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
			s.report(n, path, "must be text: put it into quotes if it is meant")
		case n.Value == "":
			s.report(n, path, "is empty: leave it out")
		default:
			*into = n.Value
		}
	}
}

func (s *strict) report(n *yaml.Node, path, format string, args ...any) {
	s.problems = append(s.problems, spec.Problem{
		File: s.file, Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

func (s *strict) at(line int, message string) {
	s.problems = append(s.problems, spec.Problem{File: s.file, Line: line, Message: message})
}

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax tells of what is no YAML. The library knows of a line at most.
func (s *strict) syntax(err error) {
	line, message := 0, err.Error()
	if m := syntaxError.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	s.at(line, "is no YAML: "+message)
}

func nearest(key string, known map[string]field) string {
	if word, ok := spec.Nearest(key, slices.Sorted(maps.Keys(known))); ok {
		return fmt.Sprintf(": did you mean %s?", word)
	}
	return ": it is one of " + list(known)
}

func list(known map[string]field) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}
