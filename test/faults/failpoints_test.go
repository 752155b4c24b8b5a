//go:build e2e

package faults_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faults/failpoint"
	"hal-controller/test/faults/failpoint/instrument"
)

// sideEffects are where the controller changes something outside itself, or asks:
// the engine, the slots of workers, and its files.
var sideEffects = []instrument.Target{
	{Dir: "pkg/runtime/docker", Choose: instrument.Methods("Engine")},
	{Dir: "pkg/claim/bind", Choose: instrument.Methods("Slots")},
	{Dir: "pkg/claim", Choose: instrument.Writers()},
	{Dir: "pkg/spec", Choose: instrument.Writers()},
	{Dir: "pkg/state", Choose: instrument.Writers()},
}

// timed are the packages besides these that look at the clock to decide something.
var timed = []instrument.Target{{Dir: "cmd/hal-controller"}, {Dir: "pkg/reconcile"}, {Dir: "pkg/probe"}}

// notOfTheDaemon are the functions among these that the running controller does not
// come to, with the reason.
var notOfTheDaemon = map[string]string{
	"docker.Engine.BuildImage":   "hal images",
	"docker.Engine.DiscardImage": "hal images",
	"docker.Engine.ExportImage":  "hal images",
	"docker.Engine.InspectImage": "hal images",
	"docker.Engine.ListImages":   "hal images",
	"docker.Engine.TagImage":     "hal images",
	"docker.Engine.Info":         "hal doctor",
	"docker.Engine.VolumesNamed": "hal import",
	"bind.Slots.Bound":           "for a worker that has its directories already",
	"bind.Slots.Unbind":          "nobody's: a worker's directories go with it",
	"claim.Store.setAside":       "for a record that was damaged by hand",
}

// importPause is the one function that the controller comes to once in an engine's
// life, by a scenario of its own.
const importPause = "docker.Engine.ImportPause"

// crashing is the controller with points, and where they are.
type crashing struct {
	dir, binary string
	points      []string
}

// module is the directory of the source.
const module = "../.."

// findPoints finds the points, of which specs are made. The binary comes later.
func findPoints() (points []string, err error) {
	functions, err := instrument.Functions(module, sideEffects...)
	if err != nil {
		return nil, err
	}
	for f := range notOfTheDaemon {
		if !slices.Contains(functions, f) {
			return nil, fmt.Errorf("%s, which the daemon is said not to come to, is not there", f)
		}
	}
	for _, f := range functions {
		if notOfTheDaemon[f] == "" {
			points = append(points, f+instrument.Before, f+instrument.After)
		}
	}
	return points, nil
}

// build builds the binary, the way `make build` does.
func (c *crashing) build() {
	GinkgoHelper()
	absolute, err := filepath.Abs(module) // as go build knows its files
	Expect(err).NotTo(HaveOccurred())
	c.dir, err = os.MkdirTemp("", "hal-faults-points-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, c.dir)
	list, err := instrument.Overlay(absolute, c.dir, slices.Concat(sideEffects, timed)...)
	Expect(err).NotTo(HaveOccurred())
	c.binary = filepath.Join(c.dir, "hal-controller")
	b := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-overlay", list, "-o", c.binary, "hal-controller/cmd/hal-controller")
	b.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := b.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
}

// drive replaces the world's daemon by one that comes to points. The first one was
// without, so that the pause image of the engine is.
func (c *crashing) drive(w *world) {
	w.daemon.kill()
	w.daemon = supervise(func() *exec.Cmd {
		d := w.runs()
		d.Path, d.Args[0] = c.binary, c.binary
		d.Env = append(d.Env, failpoint.Variable+"="+c.dir)
		return d
	})
	w.settle()
}

// chosen are all points, or a few, which the seed chooses.
func (c *crashing) chosen() []string {
	if full {
		return c.points
	}
	random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
	points := slices.Clone(c.points)
	random.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points[:shortPoints]
}

// shortPoints is how many the short form has.
const shortPoints = 3

// hitOf is which hit of a point is the one, of as many as a round has: any in the first
// half, since not all rounds are alike. The seed chooses.
func hitOf(point string, hits int) int {
	h := fnv.New64a()
	fmt.Fprintln(h, GinkgoRandomSeed(), point) // a hash takes all
	return 1 + rand.New(rand.NewPCG(h.Sum64(), 0)).IntN(max(1, hits/2))
}

// actAll is a round with an edit by the controller itself.
func (w *world) actAll() {
	GinkgoHelper()
	w.act()
	w.hal("scale", w.main, "--warm", strconv.Itoa(warm+1))
	w.declareMain(warm)
}

// rowOf is what a point is counted under.
func rowOf(point string) string {
	function, word, _ := strings.Cut(point, ":")
	of, _, _ := strings.Cut(function, ".")
	return "controller killed " + word + " a call of " + map[string]string{
		"docker": "the engine", "bind": "the kernel's mounts", "claim": "a claim's record", "spec": "a manifest's record", "state": "a rollout's record",
	}[of]
}
