//go:build e2e

package e2e_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	. "github.com/onsi/ginkgo/v2"
)

// tape is what happened to the containers of an instance, in the engine's order,
// as "create hal-dev-0". Commands run in a container are left out.
type tape struct {
	mu      sync.Mutex
	entries []string
}

// record begins a tape, which ends with the spec. The engine keeps its latest
// events, so that nothing from now on is missed.
func (e engine) record() *tape {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	info, err := e.api.Info(ctx)
	if err != nil {
		Fail("ask the engine for its time: " + err.Error())
	}
	t := &tape{}
	stream, _ := e.api.Events(ctx, events.ListOptions{
		Since:   info.SystemTime,
		Filters: filters.NewArgs(filters.Arg("type", "container"), filters.Arg("label", labelInstance+"="+e.instance)),
	})
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-stream:
				t.add(m)
			}
		}
	}()
	return t
}

func (t *tape) add(m events.Message) {
	if strings.HasPrefix(string(m.Action), "exec_") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, string(m.Action)+" "+m.Actor.Attributes["name"])
}

// all that has happened so far.
func (t *tape) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.entries)
}

// count is how often something has happened so far to a container whose name
// begins so.
func (t *tape) count(action, prefix string) int {
	n := 0
	for _, entry := range t.all() {
		if strings.HasPrefix(entry, action+" "+prefix) {
			n++
		}
	}
	return n
}
