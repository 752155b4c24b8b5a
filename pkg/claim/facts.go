package claim

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// Inside is what all workers of a kind have in common: their user, and the slots
// that directories can be bound to.
type Inside struct {
	UID   uint32   `json:"uid"`
	GID   uint32   `json:"gid"`
	Slots []string `json:"slots,omitempty"`
	// Unknown is why its user is not known: nothing can be put into it then.
	Unknown string `json:"unknown,omitempty"`
	// Mounts are the paths of all that is mounted in it, the slots' among them: by
	// slot, or by path for a volume.
	Mounts map[string]string `json:"mounts,omitempty"`
}

// kind is of workers that are the same inside: a name of an image may come to stand
// for another image, with another user, and so not change the revision.
type kind struct {
	revision, image string
	slotted         bool
}

func kindOf(w reconcile.Offered) kind { return kind{w.Revision, w.ImageID, w.Slotted} }

// facts finds out what is common to the workers of a kind, once for each: a claim has
// no time for it.
type facts struct {
	engine runtime.Containers
	asking singleflight.Group

	mu    sync.Mutex
	known map[kind]Inside
	begun map[kind]bool // those that have been asked about ahead of time
}

func newFacts(engine runtime.Containers) *facts {
	return &facts{engine: engine, known: map[kind]Inside{}, begun: map[kind]bool{}}
}

func (f *facts) of(ctx context.Context, worker reconcile.Offered) (Inside, error) {
	if a, known := f.get(kindOf(worker)); known {
		return a, nil
	}
	answer := f.asking.DoChan(fmt.Sprint(kindOf(worker)), func() (any, error) { return f.learn(ctx, worker) })
	select {
	case <-ctx.Done():
		return Inside{}, context.Cause(ctx)
	case a := <-answer:
		if a.Err != nil && a.Shared { // of another worker, or for a caller who has gone
			return f.learn(ctx, worker)
		}
		return a.Val.(Inside), a.Err
	}
}

func (f *facts) learn(ctx context.Context, worker reconcile.Offered) (Inside, error) {
	a, err := f.ask(ctx, worker.ID)
	if err != nil {
		return Inside{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[kindOf(worker)] = a
	return a, nil
}

// begin says, once for each kind, that one of it should be asked.
func (f *facts) begin(worker reconcile.Offered) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun[kindOf(worker)] {
		return false
	}
	f.begun[kindOf(worker)] = true
	return true
}

func (f *facts) get(k kind) (Inside, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, known := f.known[k]
	return a, known
}

func (f *facts) ask(ctx context.Context, id string) (Inside, error) {
	inspection, err := f.engine.Inspect(ctx, id)
	if err != nil {
		return Inside{}, fmt.Errorf("look at its worker: %w", err)
	}
	var a Inside
	a.Mounts = map[string]string{}
	for _, m := range inspection.Spec.Mounts {
		if m.Type != runtime.MountBind {
			a.Mounts[m.Target] = m.Target
			continue
		}
		slot := filepath.Base(m.Source)
		a.Slots = append(a.Slots, slot)
		a.Mounts[slot] = m.Target
	}
	result, err := f.engine.Exec(ctx, id, []string{"sh", "-c", "id -u && id -g"})
	if err != nil {
		return Inside{}, fmt.Errorf("ask the worker who its user is: %w", err)
	}
	if a.UID, a.GID, err = parseIDs(result); err != nil {
		a.Unknown = err.Error()
	}
	return a, nil
}

func parseIDs(result runtime.ExecResult) (uid, gid uint32, err error) {
	words := strings.Fields(result.Output)
	if result.ExitCode != 0 || len(words) != 2 {
		return 0, 0, fmt.Errorf("ask the worker who its user is: 'id' ended with code %d and said %q; its image needs sh and id for a project to be put into it", result.ExitCode, result.Output)
	}
	var ids [2]uint32
	for i, word := range words {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("ask the worker who its user is: %w", err)
		}
		ids[i] = uint32(n)
	}
	return ids[0], ids[1], nil
}
