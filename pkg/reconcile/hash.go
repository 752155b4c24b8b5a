package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// hashFormat is the version of what goes into a spec hash. Raising it must not
// replace a container: one whose hash has another version is compared field by
// field instead.
const hashFormat = "v1:"

// specHash is the identity of what a container is created with: its name and
// owner are left out, so that all workers of a revision share one hash.
func specHash(c runtime.ContainerSpec) string {
	c.Name, c.Owner = "", runtime.Owner{}
	return hashOf(c)
}

// templateHash is the identity of what workers are made from.
func templateHash(c runtime.ContainerSpec, warmup *spec.Warmup, readiness *spec.Probe) string {
	c.Name, c.Owner = "", runtime.Owner{}
	return hashOf(struct {
		Container runtime.ContainerSpec
		Warmup    *spec.Warmup
		Readiness *spec.Probe
	}{c, warmup, readiness})
}

func hashOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "" // a hash that cannot be computed means: not stale
	}
	sum := sha256.Sum256(data)
	return hashFormat + hex.EncodeToString(sum[:16])
}

func shortRevision(hash string) string {
	hash = strings.TrimPrefix(hash, hashFormat)
	return hash[:min(10, len(hash))]
}

// stale says whether a container was made from another spec than the wanted
// one, and what differs. Hashes of one format are the specs themselves: they
// differ when the specs do. Across formats the specs are compared, as far as an
// inspection shows them, and a container not yet inspected is not stale.
func stale(want runtime.ContainerSpec, have *runtime.Container) (cause string, yes bool) {
	if want.Owner.SpecHash == "" || have.Owner.SpecHash == want.Owner.SpecHash {
		return "", false
	}
	var differences []string
	if have.Inspection != nil {
		differences = specDifferences(want, have.Inspection.Spec)
	}
	if !strings.HasPrefix(have.Owner.SpecHash, hashFormat) && len(differences) == 0 {
		return "", false
	}
	if len(differences) == 0 {
		return "spec changed", true
	}
	return "spec changed: " + strings.Join(differences, ", "), true
}
