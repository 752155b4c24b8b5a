//go:build bench

package bench

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hal-controller/pkg/spec"
)

const (
	// slowRounds are those of the sides that take minutes for each.
	slowRounds = 3
	// peerKills is how many containers each side loses, one after another.
	peerKills = 5
)

var modes = []spec.NetworkMode{spec.NetworkShared, spec.NetworkBridge}

// peers are all sides on one engine.
type peers struct {
	observer
	rig     *rig
	rounds  int // at most, of every side
	atOnce  int // the bare client's best
	compose composeProject
	swarm   swarmService
	serial  serialRun
	figures *peerTable
}

// TestPeers measures the controller beside other ways to have so many containers.
func TestPeers(t *testing.T) {
	onlyFull(t)
	var figures peerTable
	t.Cleanup(figures.print)
	sizes := peerSizes(t)
	t.Run("containers", func(t *testing.T) {
		p := newPeers(t, slices.Max(sizes), &figures)
		for _, n := range sizes {
			p.measureScale(n)
			p.measureSteady(n)
		}
		if n, few := mostUpTo(workers, sizes); few {
			p.measureRollout(n)
		}
	})
	t.Run("claims", func(t *testing.T) { measurePeerClaims(t, &figures) })
}

// mostUpTo is the largest of the sizes that is at most n; false where all are larger.
func mostUpTo(n int, sizes []int) (int, bool) {
	upTo := slices.DeleteFunc(slices.Clone(sizes), func(size int) bool { return size > n })
	if len(upTo) == 0 {
		return 0, false
	}
	return slices.Max(upTo), true
}

// TestCompose is the part of TestPeers that takes little time.
func TestCompose(t *testing.T) {
	var figures peerTable
	t.Cleanup(figures.print)
	n, times := min(workers, slices.Max(peerSizes(t))), min(roundsOf(t), slowRounds)
	r := newPeerRig(t)
	o := newObserver(t, r.engine.Endpoint().Host)
	ours, theirs := r.side("controller, bridge"), newCompose(t, o, r.worker(0)).side()
	up, down := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range times {
		for _, s := range []side{ours, theirs} {
			up[s.name] = append(up[s.name], o.take(s, n))
			down[s.name] = append(down[s.name], o.take(s, 0))
		}
	}
	note := fmt.Sprintf("medians of %d; bridge mode", times)
	figures.add(fmt.Sprintf("0 -> %d workers", n), medianOf(up[ours.name]), beside(up, theirs.name), note)
	figures.add(fmt.Sprintf("%d -> 0 workers", n), medianOf(down[ours.name]), beside(down, theirs.name), note)
}

func newPeers(t *testing.T, most int, figures *peerTable) peers {
	t.Helper()
	r := newPeerRig(t)
	o := newObserver(t, r.engine.Endpoint().Host)
	worker := r.worker(0)
	best := parallel
	if most >= workers { // finding it takes longer than all else with fewer
		best = r.bestConcurrency(t)
	}
	return peers{
		observer: o, rig: r, rounds: roundsOf(t), atOnce: best, figures: figures,
		compose: newCompose(t, o, worker), swarm: newSwarm(t, o, worker), serial: newSerialRun(t, o, worker),
	}
}

// peerSizes are HAL_BENCH_SIZES, as "10,50".
func peerSizes(t *testing.T) (sizes []int) {
	t.Helper()
	for _, text := range strings.Split(cmp.Or(os.Getenv("HAL_BENCH_SIZES"), "10,50,200"), ",") {
		sizes = append(sizes, positive(t, "HAL_BENCH_SIZES", text))
	}
	return sizes
}

// roundsOf is how many rounds this run has.
func roundsOf(t *testing.T) int {
	t.Helper()
	return positive(t, "HAL_BENCH_ROUNDS", cmp.Or(os.Getenv("HAL_BENCH_ROUNDS"), strconv.Itoa(rounds)))
}

func positive(t *testing.T, variable, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q is no number from 1", variable, text)
	}
	return n
}

// notes say of how many rounds the figures are.
func (p peers) notes() string {
	return fmt.Sprintf("medians of %d; swarm and docker run: of %d", p.rounds, min(p.rounds, slowRounds))
}

// beside are the medians of what was measured of these sides.
func beside(times map[string][]time.Duration, names ...string) map[string]figure {
	figures := map[string]figure{}
	for _, name := range names {
		if len(times[name]) > 0 {
			figures[name] = medianOf(times[name])
		}
	}
	return figures
}

// measureScale takes all sides in turn, so that what else the machine does falls on
// all. None has a container while another is measured.
func (p peers) measureScale(n int) {
	p.t.Helper()
	up, down := map[string][]time.Duration{}, map[string][]time.Duration{}
	take := func(key string, round int, s side) {
		if round < s.rounds {
			up[key] = append(up[key], p.take(s, n))
			down[key] = append(down[key], p.take(s, 0))
		}
	}
	for round := range p.rounds {
		for _, mode := range modes {
			p.rig.mode(mode)
			take(string(mode), round, p.rig.side("controller, "+string(mode)))
			take(sideBare+string(mode), round, p.rig.bareSide(p.atOnce))
		}
		for _, s := range []side{p.compose.side(), p.swarm.side(), p.serial.side()} {
			take(s.name, round, s)
		}
	}
	row := func(measure string, mode spec.NetworkMode, times map[string][]time.Duration, note string) {
		others := beside(times, sideCompose, sideSwarm, sideRun)
		others[sideBare] = medianOf(times[sideBare+string(mode)])
		p.figures.add(fmt.Sprintf("%s, %s", measure, mode), medianOf(times[string(mode)]), others, note)
	}
	for _, mode := range modes {
		row(fmt.Sprintf("0 -> %d workers", n), mode, up, fmt.Sprintf("%s; bare: %d at once, same mode", p.notes(), p.atOnce))
	}
	for _, mode := range modes {
		row(fmt.Sprintf("%d -> 0 workers", n), mode, down, p.notes()+"; docker run: rm -f, which kills")
	}
}
