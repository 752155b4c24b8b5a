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
	rounds  = 3
	kills   = 20
)

var parallel = 2 * goruntime.NumCPU()

// table collects the figures; it is printed when all are measured.
type table struct{ rows [][]string }

func (t *table) add(measure string, us, bare time.Duration, note string) {
	t.rows = append(t.rows, []string{measure, us.Round(time.Millisecond).String(), bare.Round(time.Millisecond).String(), fmt.Sprintf("%.2f", float64(us)/float64(bare)), note})
}

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

	best, bareUp, bareDown, bareKill := r.measureBare(t)
	up, down := r.measureScale()
	figures.add(fmt.Sprintf("0 -> %d workers", workers), up, bareUp, fmt.Sprintf("bare: create+start, %d at once (its best)", best))
	figures.add(fmt.Sprintf("%d -> 0 workers", workers), down, bareDown, fmt.Sprintf("bare: stop+remove, %d at once", best))
	figures.add(fmt.Sprintf("%d -> 0 workers", workers), down, bareKill, "bare: forced remove, no stop signal")

	r.declare(workers)
	r.settle()
	heal, bare := r.measureHeal(t)
	figures.add(fmt.Sprintf("killed -> replaced, among %d", workers), heal, bare, fmt.Sprintf("median of %d; bare: create+start of one", kills))
	r.measureSettled(t, &figures)
	r.declare(0)
	r.settle()
	r.end()
	measureDaemon(t, &figures)
}

// measureBare finds the concurrency at which the engine is fastest, and its
// times there.
func (r *rig) measureBare(t *testing.T) (best int, up, down, kill time.Duration) {
	for _, atOnce := range []int{2, 4, 8, 16} {
		var ups, downs, kills []time.Duration
		for range rounds {
			var ids []string
			ups = append(ups, timed(func() { ids = r.bareUp(workers, atOnce) }))
			downs = append(downs, timed(func() { r.bareDown(ids, atOnce) }))
		}
		ids := r.bareUp(workers, atOnce)
		kills = append(kills, timed(func() { r.bareKill(ids, atOnce) }))
		t.Logf("bare, %d at once: up %s, down %s, forced %s", atOnce, median(ups), median(downs), median(kills))
		if best == 0 || median(ups) < up {
			best, up = atOnce, median(ups)
		}
		if down == 0 || median(downs) < down {
			down = median(downs)
		}
		if kill == 0 || median(kills) < kill {
			kill = median(kills)
		}
	}
	return best, up, down, kill
}

func (r *rig) measureScale() (up, down time.Duration) {
	var ups, downs []time.Duration
	for range rounds {
		ups = append(ups, timed(func() { r.declare(workers); r.settle() }))
		downs = append(downs, timed(func() { r.declare(0); r.settle() }))
	}
	return median(ups), median(downs)
}

// measureHeal kills one worker after another, and takes the time until the
// engine runs as many as before; and beside it that of a bare create and start.
func (r *rig) measureHeal(t *testing.T) (heal, bare time.Duration) {
	ctx := context.Background()
	var heals, bares []time.Duration
	for i := range kills {
		id := r.bareUp(1, 1)
		r.bareKill(id, 1)
		bares = append(bares, timed(func() { id = r.bareUp(1, 1) }))
		r.bareKill(id, 1)
		r.settle()

		victim := r.victim(t, i)
		replaced := r.running(ctx)
		heals = append(heals, timed(func() {
			r.kill(victim)
			<-replaced
		}))
		r.settle()
	}
	return median(heals), median(bares)
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
	var passes []time.Duration
	for range 20 {
		passes = append(passes, timed(func() {
			if _, err := r.reconciler.Reconcile(ctx, pool); err != nil {
				t.Fatal(err)
			}
		}))
	}
	var lists []time.Duration
	for range 20 {
		lists = append(lists, timed(func() {
			if _, err := r.engine.List(ctx, pool); err != nil {
				t.Fatal(err)
			}
		}))
	}
	figures.add(fmt.Sprintf("a pass over %d settled workers", workers), median(passes), median(lists), "bare: one list call")
}
