//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"hal-controller/pkg/api"
)

// onlyFull skips what takes long.
func onlyFull(t *testing.T) {
	t.Helper()
	if os.Getenv("HAL_BENCH") != "full" {
		t.Skip("it takes long: HAL_BENCH=full has it run, as make bench-full does")
	}
}

// TestSizes measures what the daemon costs, and how fast it heals, at several sizes of
// a settled pool.
func TestSizes(t *testing.T) {
	onlyFull(t)
	var figures table
	t.Cleanup(figures.print)
	name := pool + "sizes"
	d := startDaemon(t, name, manifest(name, 0, 500))
	client := api.NewClient(d.socket)
	for _, size := range []int{0, 10, 50, 200, 500} {
		began := time.Now()
		if err := client.Scale(context.Background(), name, size); err != nil {
			t.Fatal(err)
		}
		waitReady(t, client, name, size)
		waitSettled(t, d.socket)
		up := time.Since(began)
		time.Sleep(5 * time.Second) // past what the change takes
		before := d.cpuTicks()
		time.Sleep(settledFor)
		busy := float64(d.cpuTicks()-before) / ticksPerSecond / settledFor.Seconds()
		figures.fact(fmt.Sprintf("%d workers", size), fmt.Sprintf("%.1f MB", float64(d.residentKiB())/1024),
			fmt.Sprintf("%.2f %% of a core over %s; %s to come to that size", 100*busy, settledFor, up.Round(time.Millisecond)))
		if size == 0 {
			continue
		}
		var heals []time.Duration
		for range kills {
			heals = append(heals, d.heal(t, client, name, size))
		}
		figures.percentiles(fmt.Sprintf("killed -> ready again, among %d", size), heals, "p95 ≤ 300 ms; its docker kill is in it")
	}
}

// waitReady waits until so many workers are.
func waitReady(t *testing.T, client *api.Client, name string, size int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if p, err := client.Pool(context.Background(), name); err == nil && p.Status != nil && p.Status.Ready >= size {
			return
		}
	}
	t.Fatalf("%d workers were not ready within five minutes", size)
}

// heal kills a worker, and is the time until another is in its place.
func (d daemonProcess) heal(t *testing.T, client *api.Client, name string, size int) time.Duration {
	t.Helper()
	ctx := context.Background()
	waitReady(t, client, name, size)
	waitSettled(t, d.socket)
	began := time.Now()
	d.killOne(ctx, client, name)
	for p, err := client.Pool(ctx, name); err == nil && p.Status.Ready >= size && time.Since(began) < time.Second; p, err = client.Pool(ctx, name) {
		time.Sleep(time.Millisecond) // its end has not been seen yet
	}
	waitReady(t, client, name, size)
	return time.Since(began)
}
