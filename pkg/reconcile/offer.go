package reconcile

import (
	"slices"
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
		if w.claim == "" && w.phase == phaseReady {
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
		offered = append(offered, Offered{w.ID, w.Owner.Ordinal, w.Owner.Revision})
	}
	return offered
}
