package spec

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// Marshal writes v as YAML, with the keys of its JSON form in alphabetical order.
// What it writes of a Pool or a Claim, Decode reads back.
func Marshal(v any) ([]byte, error) {
	text, err := yaml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %T as YAML: %w", v, err)
	}
	return text, nil
}
