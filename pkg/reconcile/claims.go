package reconcile

import (
	"slices"

	"hal-controller/pkg/runtime"
)

// Claims are the claims on record, and those that wait. Its methods are called in
// each pass and return at once.
type Claims interface {
	// Bindings of a pool: claim by container id. Not to be changed.
	Bindings(pool string) map[string]string
	// Waiting is how many claims on a pool wait for a worker that is made for them.
	Waiting(pool string) int
	// InLine says whether a claim on a pool waits for any worker.
	InLine(pool string) bool
	// Observed tells what a pass has found on the engine. Not to be changed.
	Observed(pool string, containers []runtime.Container)
}

type noClaims struct{}

func (noClaims) Bindings(string) map[string]string    { return nil }
func (noClaims) Waiting(string) int                   { return 0 }
func (noClaims) InLine(string) bool                   { return false }
func (noClaims) Observed(string, []runtime.Container) {}

// Slots are the directories of the host that workers have where something is
// bound once they are claimed.
type Slots interface {
	// Fill makes the directories of a worker's slots, empty, and returns the spec
	// with each slot's bind mount in its place.
	Fill(spec runtime.ContainerSpec) (runtime.ContainerSpec, error)
}

// NoSlots is for where nothing can be bound later: it leaves the slots out.
type NoSlots struct{}

// Fill implements Slots.
func (NoSlots) Fill(spec runtime.ContainerSpec) (runtime.ContainerSpec, error) {
	spec.Mounts = slices.DeleteFunc(slices.Clone(spec.Mounts), isSlot)
	return spec, nil
}

func isSlot(m runtime.Mount) bool { return m.Type == runtime.MountSlot }
