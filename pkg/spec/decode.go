package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
)

const (
	maxFileSize  = 1 << 20
	maxDocuments = 1000
)

// Decode reads the documents of a manifest exactly as written: without defaults,
// paths resolved or rules between fields; Load adds those. The problems are all
// there are, in the order of the file, each at its place; file is only a name
// for them. The objects are those of the documents without errors.
func Decode(file string, data []byte) ([]Object, Problems) {
	return collect(decode(file, data))
}

func decode(file string, data []byte) []document {
	// The YAML library tells of a line and no column: what is wrong with a whole
	// line is told at its beginning.
	refuse := func(line int, format string, args ...any) document {
		return document{problems: Problems{{File: file, Line: line, Column: min(line, 1), Message: fmt.Sprintf(format, args...)}}}
	}
	if len(data) > maxFileSize {
		return []document{refuse(0, "is larger than %d KiB: split it into several files", maxFileSize>>10)}
	}
	var docs []document
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var root yaml.Node
		err := decoder.Decode(&root)
		switch {
		case errors.Is(err, io.EOF) && len(docs) == 0:
			return []document{refuse(1, "is empty: a manifest needs apiVersion, kind, metadata and spec")}
		case errors.Is(err, io.EOF):
			return docs
		case err != nil:
			line, message := yamlError(err)
			return append(docs, refuse(line, "%s", message))
		case len(docs) == maxDocuments:
			return append(docs, refuse(root.Line, "has more than %d documents: split it into several files", maxDocuments))
		}
		docs = append(docs, decodeDocument(file, root.Content[0]))
	}
}

var (
	yamlErrorPattern = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// The errors of yaml.v3's parser, unlike its scanner's, count lines from 0 (v3.0.6).
	yamlParserError = regexp.MustCompile(`^did not find expected (<document start>|node content|'-' indicator|key|',' or)`)
)

// yamlError takes the line out of the message of a syntax error; 0 is unknown.
func yamlError(err error) (line int, message string) {
	m := yamlErrorPattern.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		return 0, "is no YAML: " + clip(err.Error(), maxPathShown)
	}
	line, _ = strconv.Atoi(m[1])
	if line > 0 && yamlParserError.MatchString(m[2]) {
		line++
	}
	return line, "is no YAML: " + clip(m[2], maxPathShown)
}

// header is what every kind has. A document of unknown kind is checked for it only.
type header struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       any      `json:"spec,omitempty"`
	Status     any      `json:"status,omitempty"`
}

func decodeDocument(file string, root *yaml.Node) document {
	w := newWalker()
	object := w.object(root)
	switch {
	case w.stopped: // half an object: every rule would find something missing
		object = nil
	case object != nil:
		object.Source = Source{File: file, Line: root.Line}
	}
	for i := range w.problems {
		w.problems[i].File = file
	}
	return document{object: object, at: w.at, problems: w.problems}
}

// object decodes the document, as far as it is right.
func (w *walker) object(root *yaml.Node) *Object {
	if root.Kind == yaml.ScalarNode && root.ShortTag() == nullTag {
		w.report(root, "", "is an empty document: a manifest needs apiVersion, kind, metadata and spec; remove the --- that begins it if it is not meant")
		return nil
	}
	var o Object
	switch w.kind(root) {
	case KindPool:
		o.Pool = &Pool{}
		w.into(root, o.Pool)
	case KindClaim:
		o.Claim = &Claim{}
		w.into(root, o.Claim)
	default:
		w.into(root, &header{})
		if w.problems.Err() == nil { // a kind that is merged in, or an alias
			w.report(root, "kind", "must be written out in the document")
		}
		return nil
	}
	return &o
}

// kind reads the kind of a document and checks that it is known. It is "" where
// it is not, or is not written. A version that is not known is told, and the rest
// is checked as the version that is.
func (w *walker) kind(root *yaml.Node) string {
	w.known(root, "apiVersion", APIVersion)
	if !w.known(root, "kind", KindPool, KindClaim) {
		return ""
	}
	if n := child(root, "kind"); isText(n) {
		return n.Value
	}
	return ""
}

// known says whether the value of key is among the words; what is missing or no
// text is left to the walk.
func (w *walker) known(root *yaml.Node, key string, words ...string) bool {
	n := child(root, key)
	if !isText(n) || slices.Contains(words, n.Value) {
		return true
	}
	w.report(n, key, "%.40q is unknown%s", n.Value, suggest(n.Value, words))
	return false
}

func isText(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == strTag
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// into walks the document and decodes what is right of it. The walk has left
// nothing to object to, so an error of the decoder's is one of this package's;
// it is reported all the same.
//
// The values go through JSON and not back through YAML text: sigs.k8s.io/yaml
// reads YAML 1.1, and in strict mode takes a key that overrides a merged one for
// a duplicate (v1.6.0).
func (w *walker) into(root *yaml.Node, object any) {
	value, ok := w.value(root, "", field{typ: reflect.TypeOf(object)})
	if !ok {
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		w.report(root, "", "cannot be decoded: %s", err)
		return
	}
	strict, err := kjson.UnmarshalStrict(text, object)
	for _, err := range append(strict, err) {
		if err != nil {
			w.report(root, "", "cannot be decoded: %s", err)
		}
	}
}
