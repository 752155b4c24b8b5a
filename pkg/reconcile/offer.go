package reconcile

import (
	"slices"

	"hal-controller/pkg/runtime"
)

// Offer lists the workers that a claim may take, best first: ready, of the
// effective revision before others, the oldest first.
func Offer(s State) []Offered {
	s, _ = inForce(s)
	if s.Deleted || s.Pool == nil {
		return nil
	}
	var ready []*worker
	for _, w := range classify(s, effectiveTemplate(s)) {
		// A listing may have as running what has been stopped since it began.
		if w.claim == "" && w.phase == phaseReady && !s.Observed.Asked[w.ID] {
			ready = append(ready, w)
		}
	}
	slices.SortStableFunc(ready, func(a, b *worker) int {
		if a.old != b.old {
			return compareBool(a.old, b.old)
		}
		return a.Created.Compare(b.Created)
	})
	offered := make([]Offered, 0, len(ready))
	for _, w := range ready {
		offered = append(offered, OfferOf(*w.Container))
	}
	return offered
}

// OfferOf is a worker as claims see it.
func OfferOf(c runtime.Container) Offered {
	o := Offered{ID: c.ID, Ordinal: c.Owner.Ordinal, Revision: c.Owner.Revision, ImageID: c.ImageID}
	if c.Inspection != nil {
		o.Slotted = slices.ContainsFunc(c.Inspection.Spec.Mounts, func(m runtime.Mount) bool { return m.Type == runtime.MountBind })
	}
	return o
}
