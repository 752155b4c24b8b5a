//go:build bench

package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

const (
	soakWarm   = 10
	soakSample = 5 * time.Second
)

// TestSoak has a daemon's pool churn for a long time, HAL_SOAK or an hour, and holds
// what the daemon has in its last third against what it had in its first.
func TestSoak(t *testing.T) {
	onlyFull(t)
	length, err := time.ParseDuration(cmp.Or(os.Getenv("HAL_SOAK"), "1h"))
	if err != nil {
		t.Fatal(err)
	}
	var figures table
	t.Cleanup(figures.print)
	profiles := freeAddress(t)
	name := pool + "soak"
	d := startDaemon(t, name, manifest(name, soakWarm, 3*soakWarm), "--pprof", profiles, "--resync", "5s")
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	churned := make(chan int)
	go func() { churned <- churn(ctx, d, name) }()
	var samples []sample
	for ctx.Err() == nil {
		time.Sleep(soakSample)
		samples = append(samples, d.sample(profiles))
	}
	turns := <-churned
	third := len(samples) / 3
	if third == 0 {
		t.Fatal("too short a soak for samples")
	}
	first, last := medians(samples[:third]), medians(samples[len(samples)-third:])
	figures.fact("soak", length.String(), fmt.Sprintf("%d claims, kills and edits; %d samples", turns, len(samples)))
	for i, what := range []string{"heap after a collection, KiB", "goroutines", "descriptors", "resident memory, KiB"} {
		figures.fact(what, fmt.Sprintf("%d -> %d", first[i], last[i]), "median of the first third and of the last")
	}
	for i, limit := range []float64{1.25, 1.25, 1.25} {
		if float64(last[i]) > limit*float64(first[i])+float64(i)*5 {
			t.Errorf("it grows: %v became %v (heap, goroutines, descriptors, resident memory)", first, last)
		}
	}
}

// churn claims, releases, kills and edits until ctx ends, and says how often.
func churn(ctx context.Context, d daemonProcess, name string) (turns int) {
	client := api.NewClient(d.socket)
	random := rand.New(rand.NewPCG(1, 2))
	var held []string
	for ; ctx.Err() == nil; turns++ {
		switch n := random.IntN(10); {
		case n < 5 || len(held) == 0:
			claim, err := client.Claim(ctx, api.ClaimRequest{Name: fmt.Sprint("soak", turns), Pool: name, OnEmpty: spec.OnEmptyQueue}, func(int) {})
			if err == nil {
				held = append(held, claim.Name)
			}
		case n < 9:
			i := random.IntN(len(held))
			_, _ = client.Release(ctx, held[i], api.ReleaseOptions{})
			held = slices.Delete(held, i, i+1)
		default:
			d.killOne(ctx, client, name)
		}
		if len(held) > soakWarm {
			_, _ = client.Release(ctx, held[0], api.ReleaseOptions{})
			held = held[1:]
		}
		time.Sleep(200 * time.Millisecond)
	}
	for _, claim := range held {
		_, _ = client.Release(context.Background(), claim, api.ReleaseOptions{Until: api.Gone})
	}
	return turns
}

// killOne kills the main process of a worker that nobody has claimed.
func (d daemonProcess) killOne(ctx context.Context, client *api.Client, name string) {
	p, err := client.Pool(ctx, name)
	if err != nil || p.Status == nil {
		return
	}
	for _, w := range p.Status.Workers {
		if w.Claim == "" && w.Phase == "Ready" {
			_ = exec.CommandContext(ctx, "docker", "kill", w.Name).Run() // claimed meanwhile: that is started again
			return
		}
	}
}

// sample is heap, goroutines, descriptors and resident memory of a daemon.
type sample [4]int

var (
	heapAlloc  = regexp.MustCompile(`# HeapAlloc = (\d+)`)
	goroutines = regexp.MustCompile(`goroutine profile: total (\d+)`)
)

func (d daemonProcess) sample(profiles string) sample {
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.command.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	return sample{
		d.profile(profiles, "heap?gc=1&debug=1", heapAlloc) >> 10, d.profile(profiles, "goroutine?debug=1", goroutines),
		len(fds), d.residentKiB(),
	}
}

// profile reads one number out of a profile.
func (d daemonProcess) profile(address, what string, number *regexp.Regexp) int {
	answer, err := http.Get("http://" + address + "/debug/pprof/" + what)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	found := number.FindSubmatch(text)
	if found == nil {
		d.t.Fatalf("no %s in profile %s", number, what)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func medians(samples []sample) (m sample) {
	for i := range m {
		var values []int
		for _, s := range samples {
			values = append(values, s[i])
		}
		slices.Sort(values)
		m[i] = values[len(values)/2]
	}
	return m
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
