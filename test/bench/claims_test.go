//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

const (
	claims   = 500
	warm     = 20
	atOnce   = 20
	racers   = 32
	raced    = 1000
	commands = 15
	// pace is the time between claims that a machine of two cores makes workers in.
	pace = 250 * time.Millisecond
)

// TestClaims measures claims as a person has them: over the socket of a daemon, with
// a project that is bound and id-mapped, beside what the engine alone takes.
func TestClaims(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can bind projects into workers")
	}
	var figures table
	t.Cleanup(figures.print)
	t.Run("library", func(t *testing.T) { measureLibrary(t, &figures) })
	t.Run("daemon", func(t *testing.T) {
		c := newClaimer(t, warm, 200)
		t.Run("one by one", func(t *testing.T) { c.within(t).measureOneByOne(&figures) })
		t.Run("at once", func(t *testing.T) { c.within(t).measureAtOnce(&figures) })
		t.Run("scale-up", func(t *testing.T) { c.within(t).measureScaleUp(&figures) })
		t.Run("commands", func(t *testing.T) { c.within(t).measureCommands(&figures) })
	})
	t.Run("race", func(t *testing.T) { newClaimer(t, racers, racers).race(&figures) })
}

// claimer claims workers of a daemon's pool.
type claimer struct {
	t       *testing.T
	daemon  daemonProcess
	client  *api.Client
	pool    string
	most    int
	project string
}

func newClaimer(t *testing.T, warm, most int) claimer {
	t.Helper()
	name := fmt.Sprintf("%sc%d", pool, most)
	c := claimer{t: t, pool: name, most: most, project: newProject(t)}
	c.daemon = startDaemon(t, name, manifest(name, warm, most), "--project-root", filepath.Dir(c.project))
	c.client = api.NewClient(c.daemon.socket)
	t.Cleanup(func() { // before the daemon ends
		_ = c.daemon.hal("release", "--all").Run()
	})
	return c
}

// within is the same for a subtest.
func (c claimer) within(t *testing.T) claimer {
	c.t = t
	return c
}

func manifest(name string, warm, most int) string {
	return fmt.Sprintf(`apiVersion: hal/v1alpha1
kind: Pool
metadata: {name: %s}
spec:
  workers:
    warm: %d
    max: %d
    onEmpty: queue
    template: {image: %s, command: [sleep, infinity], resources: {cpu: "1", memory: 256Mi, pids: 100}, stopGracePeriod: 1s}
    update: {minReady: 0s}
    restart: {initialBackoff: 1ms, maxBackoff: 1ms, resetAfter: 2ms}  # that many are killed is no crash loop
`, name, warm, most, image)
}

// newProject is a person's directory with a file in it.
func newProject(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "hal-bench-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	project := filepath.Join(dir, "project")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(project, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	return project
}

// claim claims a worker with the project, and fails the test where it cannot.
func (c claimer) claim(name string) api.Claim {
	claim, err := c.client.Claim(context.Background(), api.ClaimRequest{Name: name, Pool: c.pool, Project: c.project}, func(int) {})
	if err != nil {
		c.t.Errorf("claim %s: %v", name, err)
	}
	return claim
}

func (c claimer) release(name string, until api.Stage) {
	if _, err := c.client.Release(context.Background(), name, api.ReleaseOptions{Until: until}); err != nil {
		c.t.Errorf("release %s: %v", name, err)
	}
}

// ready waits until so many workers are.
func (c claimer) ready(n int) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		p, err := c.client.Pool(context.Background(), c.pool)
		if err == nil && p.Status != nil && p.Status.Ready >= n {
			return
		}
	}
	c.t.Fatalf("%d workers were not ready within two minutes", n)
}

// measureOneByOne claims and releases one worker after another: so often that one is
// always on its way up and one on its way down, and as often as workers can be made.
func (c claimer) measureOneByOne(figures *table) {
	paced := c.oneByOne(claims, "paced", pace)
	figures.percentiles(fmt.Sprintf("claim over the socket, %d, one each %s", claims, pace), paced, "p50 ≤ 10 ms, p99 ≤ 50 ms")
	flood := c.oneByOne(claims/2, "flood", 0)
	figures.percentiles(fmt.Sprintf("the same, %d, as fast as they are made", claims/2), flood, "")
	var still, refill []time.Duration
	for i := range claims / 10 {
		name := fmt.Sprintf("still%d", i)
		waitSettled(c.t, c.daemon.socket)
		still = append(still, timed(func() { c.claim(name) }))
		refill = append(refill, c.refilled(name))
		c.release(name, api.Gone)
	}
	figures.percentiles(fmt.Sprintf("the same, %d, nothing else going on", claims/10), still, "")
	figures.percentiles("claim bound to its replacement created", refill, "begun within 100 ms")
}

// refilled is how long after a claim was bound the worker was created that takes the
// place of its own.
func (c claimer) refilled(name string) time.Duration {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		events, err := c.client.Events(context.Background(), c.pool)
		if err != nil {
			c.t.Fatal(err)
		}
		var bound time.Time
		for _, e := range events {
			switch {
			case e.Reason == "Claimed" && e.Object == "claim/"+name:
				bound = e.Time
			case e.Reason == "Create" && !bound.IsZero():
				return e.Time.Sub(bound)
			}
		}
	}
	c.t.Fatalf("nothing was created after %s", name)
	return 0
}

// oneByOne claims n workers that are ready, a pause apart, and releases each at once.
func (c claimer) oneByOne(n int, prefix string, pause time.Duration) []time.Duration {
	var took []time.Duration
	for i := 0; len(took) < n; i++ {
		time.Sleep(pause)
		name := fmt.Sprint(prefix, i)
		request := api.ClaimRequest{Name: name, Pool: c.pool, Project: c.project, OnEmpty: spec.OnEmptyFail}
		began := time.Now()
		if _, err := c.client.Claim(context.Background(), request, nil); err != nil {
			time.Sleep(20 * time.Millisecond) // all are taken: a claim is what finds a worker
			continue
		}
		took = append(took, time.Since(began))
		c.release(name, api.Recorded)
	}
	return took
}

// measureAtOnce claims many workers at the same moment.
func (c claimer) measureAtOnce(figures *table) {
	var took []time.Duration
	for round := range rounds {
		c.ready(atOnce)
		waitSettled(c.t, c.daemon.socket)
		took = append(took, c.together(atOnce, fmt.Sprintf("at%d-", round))...)
		c.each(atOnce, func(i int) { c.release(fmt.Sprintf("at%d-%d", round, i), api.Gone) })
	}
	figures.percentiles(fmt.Sprintf("%d claims at once, %d times", atOnce, rounds), took, "p95 ≤ 100 ms")
}

func (c claimer) together(n int, prefix string) []time.Duration {
	took := make([]time.Duration, n)
	c.each(n, func(i int) { took[i] = timed(func() { c.claim(fmt.Sprint(prefix, i)) }) })
	return took
}

func (c claimer) each(n int, do func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	group.Wait()
}

// measureScaleUp claims while fifty workers are being made.
func (c claimer) measureScaleUp(figures *table) {
	waitSettled(c.t, c.daemon.socket)
	if err := c.client.Scale(context.Background(), c.pool, warm+workers); err != nil {
		c.t.Fatal(err)
	}
	var took []time.Duration
	for i := range 20 {
		took = append(took, timed(func() { c.claim(fmt.Sprintf("up%d", i)) }))
		time.Sleep(50 * time.Millisecond)
	}
	p, err := c.client.Pool(context.Background(), c.pool)
	if err != nil {
		c.t.Fatal(err)
	}
	figures.percentiles(fmt.Sprintf("claim during a %d-worker scale-up, 20", workers), took,
		fmt.Sprintf("p95 ≤ 50 ms; %d of %d ready at the end", p.Status.Ready, warm+workers))
	if err := c.client.Scale(context.Background(), c.pool, warm); err != nil {
		c.t.Fatal(err)
	}
	c.each(20, func(i int) { c.release(fmt.Sprintf("up%d", i), api.Gone) })
	waitSettled(c.t, c.daemon.socket)
}

// percentiles adds what most, and what nearly all, took.
func (t *table) percentiles(measure string, took []time.Duration, note string) {
	slices.Sort(took)
	at := func(p float64) string {
		return took[int(p*float64(len(took)-1))].Round(100 * time.Microsecond).String()
	}
	t.fact(measure, fmt.Sprintf("p50 %s, p95 %s, p99 %s", at(0.5), at(0.95), at(0.99)), note)
}

// unmountBelow takes away the mounts below a directory: a daemon leaves them to the
// next one.
func unmountBelow(dir string) {
	table, _ := os.ReadFile("/proc/self/mounts")
	for _, line := range slices.Backward(strings.Split(string(table), "\n")) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH)
		}
	}
}
