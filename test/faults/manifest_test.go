//go:build e2e

package faults_test

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

const (
	warm = 4
	// most is all that may ever be: the warm ones, the held ones, a claim and one
	// more on its way up.
	most = warm + 2 + 1 + 1
)

// declareMain writes the pool that lasts. Its workers are of this round, so that
// those of the last one are replaced.
func (w *world) declareMain(warm int) {
	GinkgoHelper()
	p := w.pool(w.main, warm)
	p.Spec.Workers.Max = pointer(most)
	p.Spec.Parent = &spec.Service{
		Image: counterImage, Resources: small(),
		Readiness: &spec.Probe{HTTPGet: &spec.HTTPGet{Port: 8000, Path: "/api/v2/heartbeat"}},
		Volumes:   []spec.VolumeMount{{Name: "data", Target: "/data/chromadb"}},
	}
	p.Spec.Volumes = []spec.Volume{{Name: "data"}}
	p.Spec.Workers.Lifetime.ClaimIdleTimeout = spec.Duration(time.Hour)
	w.write(p)
}

// declareBrief writes the pool that comes and goes with each round: with a network
// and a volume, and with workers that projects are copied into.
func (w *world) declareBrief() {
	GinkgoHelper()
	p := w.pool(w.brief, 1)
	p.Spec.Network.Mode = spec.NetworkBridge
	p.Spec.Workers.Template.Workspace.Mode = spec.WorkspaceCopy
	p.Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "scrap", Target: "/scrap"}}
	p.Spec.Volumes = []spec.Volume{{Name: "scrap", Reclaim: spec.ReclaimDelete}}
	w.write(p)
}

// undeclareBrief has that pool taken down.
func (w *world) undeclareBrief() {
	GinkgoHelper()
	Expect(os.Remove(w.file(w.brief))).To(Succeed())
}

func (w *world) pool(name string, warm int) *spec.Pool {
	p := &spec.Pool{APIVersion: spec.APIVersion, Kind: spec.KindPool}
	p.Metadata.Name = name
	workers := &p.Spec.Workers
	workers.Warm = warm
	workers.Template = spec.WorkerTemplate{
		Image: counterImage, Command: []string{"sleep", "infinity"}, Resources: small(), StopGracePeriod: spec.Duration(time.Second),
		Env:    []spec.EnvVar{{Name: "ROUND", Value: strconv.Itoa(w.round)}},
		Warmup: &spec.Warmup{Exec: []string{"true"}},
	}
	workers.Update.MinReady = pointer(spec.Duration(0))
	workers.Update.MaxUnavailable = &spec.IntOrPercent{Value: 50, Percent: true}
	workers.Restart = spec.Restart{InitialBackoff: spec.Duration(time.Second), MaxBackoff: spec.Duration(2 * time.Second), KeepFailed: pointer(1)}
	return p
}

func small() spec.Resources { return spec.Resources{CPU: 1000, Memory: 64 << 20, Pids: 50} }

func (w *world) write(p *spec.Pool) {
	GinkgoHelper()
	text, err := spec.Marshal(p)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(w.file(p.Metadata.Name), text, 0o644)).To(Succeed())
}

func (w *world) file(pool string) string { return filepath.Join(w.manifests(), pool+".yaml") }

func pointer[T any](v T) *T { return &v }
