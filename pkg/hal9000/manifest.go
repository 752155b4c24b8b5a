package hal9000

import (
	"bytes"
	_ "embed" // the manifest
	"fmt"
	"text/template"
)

//go:embed pool.yaml.tmpl
var poolText string

var poolTemplate = template.Must(template.New("pool.yaml").Parse(poolText))

// Manifest is the pool that uses the plan's volumes, as a file that a person goes
// on to edit. It is valid where the pool's name is.
func (p Plan) Manifest(pool string) ([]byte, error) {
	var b bytes.Buffer
	err := poolTemplate.Execute(&b, struct {
		Pool                   string
		Plugins, OwnMemoryBank bool
	}{pool, p.uses(plugins), p.uses(ownMemoryBank)})
	if err != nil {
		return nil, fmt.Errorf("write the manifest of pool %q: %w", pool, err)
	}
	return b.Bytes(), nil
}
