package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// workerPool is one pool's workers while they are being decided upon.
type workerPool struct {
	State
	effective     Template
	workers       []*worker
	live          []*worker // the unclaimed ones that count, first the one to give up first
	olds          []*worker // the live ones to be replaced
	currents      []*worker // the live ones to be kept
	warm          int       // how many of them there should be
	servicesReady bool
}

// warmWanted is how many warm workers there should be: what is declared, and one
// for each claim that waits for its own, as far as claimed workers leave room for
// it below max.
func warmWanted(s State, workers []*worker) int {
	return max(0, min(s.Pool.Spec.Workers.Warm+s.Waiting, *s.Pool.Spec.Workers.Max-claimed(workers)))
}

// claimed counts the claimed workers.
func claimed(workers []*worker) int {
	n := 0
	for _, k := range workers {
		if k.claim != "" {
			n++
		}
	}
	return n
}

// givenUpFirst is the live workers in the order in which they are given up: not
// ready, then of another revision, then drifted or aged, then the newest.
func givenUpFirst(workers []*worker) []*worker {
	var live []*worker
	for _, k := range workers {
		if k.live() {
			live = append(live, k)
		}
	}
	slices.SortFunc(live, func(a, b *worker) int {
		if order := compareBool(b.phase != phaseReady, a.phase != phaseReady); order != 0 {
			return order
		}
		if order := compareBool(!b.current, !a.current); order != 0 {
			return order
		}
		return cmp.Or(compareBool(b.old, a.old), b.Created.Compare(a.Created), cmp.Compare(b.Owner.Ordinal, a.Owner.Ordinal))
	})
	return live
}

func split(live []*worker) (olds, currents []*worker) {
	for _, k := range live {
		if k.old {
			olds = append(olds, k)
		} else {
			currents = append(currents, k)
		}
	}
	return olds, currents
}

func (w workerPool) minReady() time.Duration {
	return time.Duration(*w.Pool.Spec.Workers.Update.MinReady)
}

func (w workerPool) available() int {
	n := 0
	for _, k := range w.live {
		if k.availableAt(w.Now, w.minReady()) {
			n++
		}
	}
	return n
}

func (w workerPool) minAvailable() int {
	update := w.Pool.Spec.Workers.Update
	unavailable := update.MaxUnavailable.FloorOf(w.warm)
	if unavailable == 0 && w.surge() == 0 {
		unavailable = 1 // no room above, none below: one has to go first
	}
	return w.warm - unavailable
}

// surge is how many workers above warm a rollout may have, as far as max allows.
func (w workerPool) surge() int {
	free := *w.Pool.Spec.Workers.Max - claimed(w.workers) - w.warm
	return max(0, min(w.Pool.Spec.Workers.Update.MaxSurge.Of(w.warm), free))
}

// room is how many workers may be created. During a rollout what is retired now
// still counts: it makes room once it is gone.
func (w workerPool) room(retired int) int {
	switch {
	case w.Rollout.paused():
		return w.warm - (len(w.live) - retired)
	case len(w.olds) == 0:
		return w.warm - len(w.currents)
	default:
		return min(w.warm-len(w.currents), w.warm+w.surge()-len(w.live))
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
