package claim_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"hal-controller/pkg/claim/bind"
)

// binder is a claim.Binder in memory. As the real one, it binds to nothing but a slot
// that was made, and removes with a slot what is bound there.
type binder struct {
	mu    sync.Mutex
	slots map[string]map[string]string // worker -> slot -> what is bound
	fail  func(worker, slot string) error
}

// onBind sets what is asked, with no lock held, before each bind.
func (b *binder) onBind(hook func(worker, slot string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = hook
}

// bound is what is bound in a worker, by slot.
func (b *binder) bound(worker string) map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	bound := maps.Clone(b.slots[worker])
	maps.DeleteFunc(bound, func(_, source string) bool { return source == "" })
	return bound
}

// forget takes all slots away, as a restart of the machine does.
func (b *binder) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.slots)
}

func (b *binder) Path(worker, slot string) string { return "/slots/" + worker + "/" + slot }

func (b *binder) Make(worker, slot string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.slots == nil {
		b.slots = map[string]map[string]string{}
	}
	if b.slots[worker] == nil {
		b.slots[worker] = map[string]string{}
	}
	if b.slots[worker][slot] != "" {
		return fmt.Errorf("slot %s of %s: %w", slot, worker, bind.ErrBound)
	}
	b.slots[worker][slot] = ""
	return nil
}

func (b *binder) Bind(worker, slot string, source *os.File, _ bind.Access) (bind.Result, error) {
	b.mu.Lock()
	fail := b.fail
	b.mu.Unlock()
	if fail != nil {
		if err := fail(worker, slot); err != nil {
			return bind.Result{}, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	there, made := b.slots[worker][slot]
	switch {
	case !made:
		return bind.Result{}, fmt.Errorf("slot %s of %s: %w", slot, worker, os.ErrNotExist)
	case there != "" && there != source.Name():
		return bind.Result{}, fmt.Errorf("slot %s of %s: %w", slot, worker, bind.ErrBound)
	}
	b.slots[worker][slot] = source.Name()
	return bind.Result{IDMapped: true}, nil
}

func (b *binder) Remove(worker string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.slots, worker)
	return nil
}

func (b *binder) Workers() ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.slots)), nil
}
