//go:build e2e

package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// watch is who looks, in the engine's own events, for what must never happen. It
// begins before there is anything of the instance.
type watch struct {
	instance string
	foreign  foreign
	end      context.CancelFunc

	mu         sync.Mutex
	held       []string                   // ids of claimed workers
	kept       []string                   // volumes that are never removed
	workers    map[string]map[string]bool // those that exist, by pool
	highest    int                        // most workers of one pool at one time
	starts     map[string]int             // of a container
	violations []string
}

// observe has a watch begin. The engine keeps its latest events, so that nothing from
// now on is missed.
func (e engine) observe(f foreign) *watch {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	info, err := e.api.Info(ctx)
	Expect(err).NotTo(HaveOccurred())
	w := &watch{instance: e.instance, foreign: f, end: cancel, workers: map[string]map[string]bool{}, starts: map[string]int{}}
	api := dial(e.host) // without a time limit
	stream, ended := api.Events(ctx, events.ListOptions{Since: info.SystemTime})
	go func() {
		defer api.Close()
		for {
			select {
			case err := <-ended:
				if ctx.Err() == nil {
					w.violate("the engine's events ended: %v", err)
				}
				return
			case m := <-stream:
				w.see(m)
			}
		}
	}()
	return w
}

func (w *watch) see(m events.Message) {
	action, _, _ := strings.Cut(string(m.Action), ":") // exec_create: command
	ours := m.Actor.Attributes[labelInstance] == w.instance
	switch {
	case strings.HasPrefix(action, "exec_"):
	case w.isForeign(m):
		w.violate("foreign %s: %s", m.Type, action)
	case m.Type == events.VolumeEventType && action == "destroy":
		w.volumeGone(m.Actor.ID)
	case m.Type == events.ContainerEventType && ours:
		w.container(action, m.Actor)
	}
}

func (w *watch) isForeign(m events.Message) bool {
	switch m.Type {
	case events.ContainerEventType:
		return m.Actor.ID == w.foreign.container
	case events.NetworkEventType:
		return m.Actor.ID == w.foreign.network
	case events.VolumeEventType:
		return m.Actor.ID == w.foreign.volume
	default:
		return false
	}
}

func (w *watch) volumeGone(name string) {
	w.mu.Lock()
	kept := slices.Contains(w.kept, name)
	w.mu.Unlock()
	if kept {
		w.violate("volume lost: %s", name)
	}
}

func (w *watch) container(action string, c events.Actor) {
	pool := c.Attributes[labelPool]
	w.mu.Lock()
	held := slices.Contains(w.held, c.ID)
	if w.workers[pool] == nil {
		w.workers[pool] = map[string]bool{}
	}
	if action == "start" {
		w.starts[c.ID]++
	}
	switch {
	case c.Attributes[labelRole] != "worker":
	case action == "create":
		w.workers[pool][c.ID] = true
	case action == "destroy":
		delete(w.workers[pool], c.ID)
	}
	now := len(w.workers[pool])
	w.highest = max(w.highest, now)
	w.mu.Unlock()
	if held && slices.Contains([]string{"kill", "die", "stop", "restart", "pause", "destroy", "start"}, action) {
		w.violate("claimed worker %s: %s", c.Attributes["name"], action)
	}
	if action == "create" && now > most {
		w.violate("over-creation: %d workers of pool %s with %s", now, pool, c.Attributes["name"])
	}
}

func (w *watch) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

func (w *watch) startsOf(container string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.starts[container]
}

func (w *watch) hold(worker string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, worker)
}

func (w *watch) keep(volume string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, volume)
}

// hasAlready takes over what is kept from an earlier watch, whose violations go on, and
// the workers that there are.
func (w *watch) hasAlready(before *watch, workers []docker.Summary) {
	before.mu.Lock()
	defer before.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept, w.violations = before.kept, append(w.violations, before.violations...)
	for _, c := range workers {
		pool := c.Labels[labelPool]
		if w.workers[pool] == nil {
			w.workers[pool] = map[string]bool{}
		}
		w.workers[pool][c.ID] = true
	}
}

// take returns the violations since it was last called.
func (w *watch) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	violations := w.violations
	w.violations = nil
	return violations
}
