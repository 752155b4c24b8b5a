package claim

import (
	"slices"
	"time"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// Phase is how far a claim has come.
type Phase string

// Phases.
const (
	// Binding: the worker is taken, and is being made ready for the person.
	Binding Phase = "Binding"
	// Bound: the worker is the person's.
	Bound Phase = "Bound"
	// Releasing: the worker is on its way out.
	Releasing Phase = "Releasing"
	// Lost: the worker is gone without having been released.
	Lost Phase = "Lost"
)

// Record is what is kept of a claim.
type Record struct {
	Name string `json:"name"`
	Pool string `json:"pool"`
	// Caller is whose it is. Of one that was recovered it is not known, and so is
	// nobody's: see Recovered.
	Caller bind.Caller `json:"caller"`
	// Worker is the container's id, Ordinal its number in the pool.
	Worker  string `json:"worker"`
	Ordinal int    `json:"ordinal"`
	// Revision is that of its worker's template.
	Revision string `json:"revision"`
	// Inside is what its worker is like.
	Inside Inside `json:"inside,omitzero"`
	// Project is the resolved path of what is in the workspace; empty: nothing.
	Project string `json:"project,omitempty"`
	// Mode is how the project got there, and Workspace where it is in the worker.
	Mode      spec.WorkspaceMode `json:"mode,omitempty"`
	Workspace string             `json:"workspace,omitempty"`
	// Warning says what is not as it should be with the workspace.
	Warning string `json:"warning,omitempty"`
	// Env says that the claim has variables of its own; they are in the worker only.
	Env bool `json:"env,omitempty"`
	// Secrets says that it was given secrets; they are in the worker only.
	Secrets bool  `json:"secrets,omitempty"`
	Phase   Phase `json:"phase"`
	// Saved says that what its worker would have taken along has been saved, in the
	// directory Rescued where there was anything.
	Saved   bool   `json:"saved,omitempty"`
	Rescued string `json:"rescued,omitempty"`
	// Declared: a manifest wants it, and its absence ends it.
	Declared bool `json:"declared,omitempty"`
	// Recovered: the record was lost, and made again from the worker's name.
	Recovered bool      `json:"recovered,omitempty"`
	Created   time.Time `json:"created"`
	// Extended is when its end was moved last; zero: never.
	Extended time.Time `json:"extended,omitzero"`
	// Expires is when it is released; zero: never.
	Expires time.Time `json:"expires,omitzero"`
}

// Container is the name that its worker has on the engine.
func (r Record) Container() string { return reconcile.ClaimedName(r.Pool, r.Ordinal, r.Name) }

// Outlives are the directories in its worker that outlive it: volumes, and what is
// bound.
func (r Record) Outlives() []string {
	var paths []string
	for slot, target := range r.Inside.Mounts {
		if slot != reconcile.WorkspaceSlot || r.Mode == spec.WorkspaceBind {
			paths = append(paths, target)
		}
	}
	slices.Sort(paths)
	return paths
}

// slots is the name that the worker's slots are kept under: the one that it was
// created with.
func (r Record) slots() string { return reconcile.WorkerName(r.Pool, r.Ordinal) }

// begun is when the time began that Expires ends.
func (r Record) begun() time.Time {
	if r.Extended.IsZero() {
		return r.Created
	}
	return r.Extended
}

// mayUse says whether a person may use a claim: its own, or any for an administrator.
func (r Record) mayUse(who bind.Caller, admins func(bind.Caller) bool) bool {
	if who.UID == 0 || admins(who) {
		return true
	}
	return !r.Recovered && r.Caller.UID == who.UID
}
