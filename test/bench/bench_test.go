//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"hal-controller/pkg/runtime"
)

const (
	image   = "hal/worker"
	workers = 50
	rounds  = 5
	kills   = 20
)

var parallel = 2 * goruntime.NumCPU()

// table collects the figures; it is printed when all are measured.
type table struct{ rows [][]string }

// pair is one measurement of both sides, taken one after the other.
type pair struct{ us, bare time.Duration }

type pairs []pair

// addRatio adds the medians of both sides, and that of the ratios.
func (t *table) addRatio(measure string, of pairs, note string) {
	var us, bare []time.Duration
	var ratios []float64
	for _, p := range of {
		us, bare = append(us, p.us), append(bare, p.bare)
		ratios = append(ratios, float64(p.us)/float64(p.bare))
	}
	slices.Sort(ratios)
	t.rows = append(t.rows, []string{measure, text(median(us)), text(median(bare)), fmt.Sprintf("%.2f", ratios[len(ratios)/2]), note})
}

func text(d time.Duration) string { return d.Round(time.Millisecond).String() }

func (t *table) fact(measure, figure, note string) {
	t.rows = append(t.rows, []string{measure, figure, "", "", note})
}

func (t *table) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MEASURE\tCONTROLLER\tBARE\tRATIO\tNOTE")
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func TestFigures(t *testing.T) {
	var figures table
	t.Cleanup(figures.print)
	r := newRig(t)
	r.start()
	r.declare(0)
	r.settle()

	atOnce := r.bestConcurrency(t)
	up, down := r.measureScale(t, atOnce)
	figures.addRatio(fmt.Sprintf("0 -> %d workers", workers), up, fmt.Sprintf("bare: create+start, %d at once (its best)", atOnce))
	figures.addRatio(fmt.Sprintf("%d -> 0 workers", workers), down, fmt.Sprintf("bare: stop+remove, %d at once", atOnce))

	r.declare(workers)
	r.settle()
	figures.addRatio(fmt.Sprintf("killed -> replaced, among %d", workers), r.measureHeal(t), fmt.Sprintf("median of %d; bare: create+start of one", kills))
	r.measureSettled(t, &figures)
	r.declare(0)
	r.settle()
	r.end()
	measureDaemon(t, &figures)
}

// bestConcurrency finds how many calls at once the engine is fastest with.
func (r *rig) bestConcurrency(t *testing.T) (best int) {
	var least time.Duration
	for _, atOnce := range []int{2, 4, 8, 16} {
		var ids []string
		up := timed(func() { ids = r.bareUp(workers, atOnce) })
		down := timed(func() { r.bareDown(ids, atOnce) })
		t.Logf("bare, %d at once: %d up in %s, down in %s", atOnce, workers, up.Round(time.Millisecond), down.Round(time.Millisecond))
		if best == 0 || up < least {
			best, least = atOnce, up
		}
	}
	return best
}

// measureScale takes both sides in turn, so that what else the machine does
// falls on both.
func (r *rig) measureScale(t *testing.T, atOnce int) (up, down pairs) {
	for range rounds {
		var ids []string
		var u, d pair
		u.bare = timed(func() { ids = r.bareUp(workers, atOnce) })
		u.us = timed(func() { r.declare(workers); r.settle() })
		d.us = timed(func() { r.declare(0); r.settle() })
		d.bare = timed(func() { r.bareDown(ids, atOnce) })
		t.Logf("up %s beside %s; down %s beside %s", u.us, u.bare, d.us, d.bare)
		up, down = append(up, u), append(down, d)
	}
	return up, down
}

// measureHeal kills one worker after another, and takes the time until the
// engine runs as many as before; and beside it that of a bare create and start.
func (r *rig) measureHeal(t *testing.T) pairs {
	ctx := context.Background()
	var heals pairs
	for i := range kills {
		var p pair
		var id []string
		p.bare = timed(func() { id = r.bareUp(1, 1) })
		r.bareKill(id, 1)
		r.settle()

		victim := r.victim(t, i)
		replaced := r.running(ctx)
		p.us = timed(func() {
			r.kill(victim)
			<-replaced
		})
		r.settle()
		heals = append(heals, p)
	}
	return heals
}

// running is closed when a worker is seen to start, by the engine's own event.
func (r *rig) running(ctx context.Context) <-chan struct{} {
	started, opened := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_ = r.engine.Events(ctx, func() { close(opened) }, func(e runtime.Event) {
			if e.Kind == runtime.EventContainer && e.Action == "start" && ctx.Err() == nil {
				cancel()
				close(started)
			}
		})
	}()
	<-opened
	return started
}

func (r *rig) victim(t *testing.T, i int) string {
	status := r.reconciler.Status(pool)
	if len(status.Workers) == 0 {
		t.Fatal("no worker to kill")
	}
	return status.Workers[i%len(status.Workers)].ID
}

// measureSettled is what a settled pool costs.
func (r *rig) measureSettled(t *testing.T, figures *table) {
	ctx := context.Background()
	var passes pairs
	for range 20 {
		var p pair
		p.bare = timed(func() {
			if _, err := r.engine.List(ctx, pool); err != nil {
				t.Fatal(err)
			}
		})
		p.us = timed(func() {
			if _, err := r.reconciler.Reconcile(ctx, pool); err != nil {
				t.Fatal(err)
			}
		})
		passes = append(passes, p)
	}
	figures.addRatio(fmt.Sprintf("a pass over %d settled workers", workers), passes, "bare: one list call")
}
