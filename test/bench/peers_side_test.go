//go:build bench

package bench

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// side is one of those that are compared.
type side struct {
	name   string
	labels []string // by which the engine knows its containers
	rounds int
	scale  func(n int) // returns when the side itself says that it is done, or at once
	reset  func()      // what it needs after having had some, and is not timed; nil: nothing
}

// observer looks at the engine for all sides in the same way: a clock stops when the
// engine, and not the side, says that all is there.
type observer struct {
	t    *testing.T
	api  *client.Client
	host string
}

// observeWithin is long enough for the slowest side's largest size.
const observeWithin = 10 * time.Minute

func newObserver(t *testing.T, host string) observer {
	t.Helper()
	api, err := client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	return observer{t, api, host}
}

func labelled(labels []string) filters.Args {
	args := filters.NewArgs()
	for _, label := range labels {
		args.Add("label", label)
	}
	return args
}

func (o observer) list(labels []string) []container.Summary {
	o.t.Helper()
	found, err := o.api.ContainerList(context.Background(), container.ListOptions{All: true, Filters: labelled(labels)})
	if err != nil {
		o.t.Fatalf("list the containers with labels %v: %v", labels, err)
	}
	return found
}

// running are the ids of those that run.
func (o observer) running(labels []string) []string {
	o.t.Helper()
	var ids []string
	for _, c := range o.list(labels) {
		if c.State == container.StateRunning {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// await looks until it is so. It rests ten times as long as a look takes, so that
// looking costs every side the same small part of the machine.
func (o observer) await(what string, so func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(observeWithin); time.Now().Before(deadline); {
		began := time.Now()
		if so() {
			return
		}
		time.Sleep(10 * max(time.Millisecond, time.Since(began)))
	}
	o.t.Fatalf("%s: not so within %s", what, observeWithin)
}

// count waits until so many run, and where none should, until none is left either.
func (o observer) count(labels []string, n int) {
	o.t.Helper()
	o.await("containers of "+labels[0], func() bool {
		if n == 0 {
			return len(o.list(labels)) == 0
		}
		return len(o.running(labels)) == n
	})
}

// take is how long a side takes from what it has to n.
func (o observer) take(s side, n int) time.Duration {
	o.t.Helper()
	took := timed(func() {
		s.scale(n)
		o.count(s.labels, n)
	})
	o.t.Logf("%s to %d: %s", s.name, n, text(took))
	if n == 0 && s.reset != nil {
		s.reset()
	}
	return took
}

// heal kills one container, and is the time until the engine has started another and
// as many run as before.
func (o observer) heal(labels []string, n int) time.Duration {
	o.t.Helper()
	o.count(labels, n)
	victim := o.running(labels)[0]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := labelled(labels)
	args.Add("type", string(events.ContainerEventType))
	args.Add("event", string(events.ActionStart))
	started, failed := o.api.Events(ctx, events.ListOptions{Filters: args})
	took := timed(func() {
		if err := o.api.ContainerKill(ctx, victim, "KILL"); err != nil {
			o.t.Fatalf("kill container %s: %v", victim, err)
		}
		select {
		case <-started:
		case err := <-failed:
			o.t.Fatalf("nothing has replaced container %s: %v", victim, err)
		}
		o.count(labels, n)
	})
	o.t.Logf("one of %d with label %s replaced: %s", n, labels[0], text(took))
	return took
}

// command is one on the same engine.
func (o observer) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "DOCKER_HOST="+o.host)
	return c
}

// run has a command do what it must.
func (o observer) run(name string, args ...string) {
	o.t.Helper()
	if out, err := o.command(name, args...).CombinedOutput(); err != nil {
		o.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// remove has a command take away what this run has made, at its end.
func (o observer) remove(name string, args ...string) {
	if out, err := o.command(name, args...).CombinedOutput(); err != nil {
		o.t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
}
