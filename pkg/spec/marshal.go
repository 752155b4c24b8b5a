package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Marshal writes v as YAML, with the keys of its JSON form in alphabetical order.
// What it writes of a Pool or a Claim, Decode reads back.
func Marshal(v any) ([]byte, error) {
	var text []byte
	form, err := json.Marshal(v)
	if err == nil {
		// YAML has no control characters as they are, where JSON has.
		text, err = yaml.JSONToYAML(EscapeJSON(form))
	}
	if err != nil {
		return nil, fmt.Errorf("write %T as YAML: %w", v, err)
	}
	return text, nil
}

// EscapeJSON is JSON without the control characters that JSON may have as they are: DEL,
// and those from U+0080 on, which a terminal may obey.
func EscapeJSON(form []byte) []byte {
	control := func(r rune) bool { return r >= 0x7f && r <= 0x9f }
	if !bytes.ContainsFunc(form, control) {
		return form
	}
	var out []byte
	for _, r := range string(form) {
		if control(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
