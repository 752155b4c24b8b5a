package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	marker = "---"
	byHand = "edit the file by hand"
)

var (
	byteOrderMark = []byte("\uFEFF")
	errEntangled  = errors.New("its text cannot be changed alone; " + byHand)
)

// text is a manifest as text, with what is in it.
type text struct {
	data     []byte
	bom      int       // length of the byte order mark
	values   []any     // of the documents
	sections []section // of the documents
}

// section is a part of the text with one document in it: [start,end), from the
// marker, if it has one, to the next.
type section struct {
	start, end int
	// body is where the document begins, after a line that is only a marker.
	body int
	root *yaml.Node
}

func parseText(data []byte) (*text, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8 text; " + byHand)
	}
	t := &text{data: data}
	if bytes.HasPrefix(data, byteOrderMark) {
		t.bom = len(byteOrderMark)
	}
	var err error
	if t.values, err = parseAll[any](data); err != nil {
		return nil, err
	}
	for start := t.bom; start < len(data); {
		s := sectionAt(data, start)
		roots, err := parseAll[yaml.Node](data[s.start:s.end])
		switch {
		case err != nil:
			return nil, errEntangled
		case len(roots) == 1:
			s.root = roots[0].Content[0]
			t.sections = append(t.sections, s)
		}
		start = s.end
	}
	if len(t.sections) != len(t.values) {
		return nil, errEntangled
	}
	return t, nil
}

func parseAll[T any](data []byte) ([]T, error) {
	var all []T
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var one T
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			line, message := yamlError(err)
			return nil, fmt.Errorf("line %d %s", line, message)
		}
		all = append(all, one)
	}
}

// sectionAt is the section that begins at start. A marker at the beginning of a
// line is one wherever it is: YAML allows no scalar to have it there.
func sectionAt(data []byte, start int) section {
	s := section{start: start, body: start, end: len(data)}
	if rest, marked := markerLine(data[start:]); marked {
		if rest == "" || rest[0] == '#' {
			s.body = lineEnd(data, start)
		}
	}
	for at := lineEnd(data, start); at < len(data); at = lineEnd(data, at) {
		if _, marked := markerLine(data[at:]); marked {
			s.end = at
			break
		}
	}
	return s
}

// markerLine says whether a line is a marker, and what else is on it.
func markerLine(data []byte) (rest string, marked bool) {
	line := strings.TrimRight(string(data[:lineEnd(data, 0)]), " \t\r\n")
	rest, marked = strings.CutPrefix(line, marker)
	if !marked || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", false
	}
	return strings.TrimLeft(rest, " \t"), true
}

// lineEnd is where the line after the one at offset at begins. What breaks a line
// is what YAML 1.1, and so the parser's count of lines, says.
func lineEnd(data []byte, at int) int {
	i := bytes.IndexAny(data[at:], "\r\n\u0085\u2028\u2029")
	if i < 0 {
		return len(data)
	}
	at += i
	if bytes.HasPrefix(data[at:], []byte("\r\n")) {
		return at + 2
	}
	_, size := utf8.DecodeRune(data[at:])
	return at + size
}

func endsLine(data []byte) bool { return bytes.HasSuffix(data, []byte("\n")) }

// withBreaks is s with the line breaks that the text has.
func (t *text) withBreaks(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if bytes.Contains(t.data, []byte("\r\n")) {
		return strings.ReplaceAll(s, "\n", "\r\n")
	}
	return s
}

// splice is a copy of the text with [from,to) replaced.
func (t *text) splice(from, to int, s string) []byte {
	return bytes.Join([][]byte{t.data[:from], []byte(s), t.data[to:]}, nil)
}

// find is the number of the document that is the pool.
func (t *text) find(pool string) (int, error) {
	found := -1
	for i, v := range t.values {
		if poolName(v) != pool {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("it is declared twice, in lines %d and %d", t.line(found), t.line(i))
		}
		found = i
	}
	if found < 0 {
		return 0, errors.New("it is not declared there")
	}
	return found, nil
}

// line is the line of the file in which a document begins.
func (t *text) line(i int) int {
	s := t.sections[i]
	return linesBefore(t.data[:s.start]) + s.root.Line
}

func linesBefore(data []byte) int {
	n := 0
	for at := 0; at < len(data); at = lineEnd(data, at) {
		n++
	}
	return n
}

// poolName is the name of the pool that a document's value is, "" for none.
func poolName(value any) string {
	m, _ := value.(map[string]any)
	if m["kind"] != KindPool {
		return ""
	}
	metadata, _ := m["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// verified returns the edited text if t.values are its documents.
func (t *text) verified(edited []byte) ([]byte, error) {
	values, err := parseAll[any](edited)
	if err != nil || len(values) != len(t.values) {
		return nil, errEntangled
	}
	for i := range values {
		if !reflect.DeepEqual(values[i], t.values[i]) {
			return nil, errEntangled
		}
	}
	return edited, nil
}
