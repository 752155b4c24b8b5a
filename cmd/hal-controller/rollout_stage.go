package main

import (
	"context"
	"fmt"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// stage is how far a pool is on its way to what is declared.
type stage struct {
	line string
	// done says that it is there; failed, that it will not come there by itself.
	done, failed bool
}

// rolloutStage reads the stage from a pool's status. Before the generation has
// been observed, the status is about another manifest.
func rolloutStage(p *spec.Pool, generation int64) stage {
	if p.Status == nil {
		return stage{line: "waiting for the controller to look at it"}
	}
	generation = max(generation, p.Status.Generation)
	if p.Status.ObservedGeneration < generation {
		return stage{line: fmt.Sprintf("waiting for generation %d to be in force", generation)}
	}
	ready := reconcile.Condition(p.Status, spec.ConditionReady)
	progressing := reconcile.Condition(p.Status, spec.ConditionProgressing)
	switch progressing.Reason {
	case spec.ReasonRolloutPaused, spec.ReasonProgressDeadlineExceeded, spec.ReasonRolledBack,
		spec.ReasonSuspended, spec.ReasonDraining, spec.ReasonBlockedByClaims:
		return stage{line: progressing.Message, failed: true}
	case spec.ReasonRollingOut:
		return stage{line: progressing.Message}
	}
	if reconcile.Settled(p.Status) {
		return stage{line: "rolled out", done: true}
	}
	if ready.Status != spec.ConditionTrue {
		return stage{line: ready.Message}
	}
	return stage{line: progressing.Message}
}

// untilRolledOut waits until a pool is as its manifest of a generation, or a
// later one, says. tell is called with each new stage.
func (a *app) untilRolledOut(ctx context.Context, name string, generation int64, tell func(line string)) error {
	last := ""
	for pool, err := range a.client().WatchPool(ctx, name) {
		if err != nil {
			return err
		}
		if pool == nil {
			return fmt.Errorf("pool/%s has been deleted", name)
		}
		now := rolloutStage(pool, generation)
		if now.failed {
			return fmt.Errorf("pool/%s: %s", name, now.line)
		}
		if now.line != last {
			last = now.line
			tell(stageText(name, now))
		}
		if now.done {
			return nil
		}
	}
	return ctx.Err()
}

func stageText(pool string, s stage) string {
	if s.done {
		return "pool/" + pool + " " + sentence(s.line)
	}
	return "pool/" + pool + ": " + sentence(s.line)
}
