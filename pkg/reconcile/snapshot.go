package reconcile

import (
	"context"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Snapshot reads the engine for one pool once, for a reader that has no
// controller: what Diff and Project need to say what would be done. Containers
// with a probe are taken to be ready, since nobody has asked them.
func Snapshot(ctx context.Context, rt runtime.Runtime, p *spec.Pool, now time.Time) (State, error) {
	s := State{Name: p.Metadata.Name, Pool: p, Now: now}
	observed, err := newObserver(rt).observe(ctx, s.Name, imagesOf(s))
	if err != nil {
		return State{}, err
	}
	s.Observed = observed
	s.Rollout = Advance(s)
	return s, nil
}
