package reconcile

import (
	"fmt"
	"slices"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// diffWorkers keeps the warm workers: takes broken ones down, repairs limits,
// replaces old ones within the bounds of a rollout, and makes up the number.
// Claimed workers only ever get their limits repaired.
func diffWorkers(s State, servicesReady bool, p *Plan) {
	effective := effectiveTemplate(s)
	workers := classify(s, effective)
	pool := workerPool{
		State: s, effective: effective, workers: workers, live: givenUpFirst(workers),
		warm: warmWanted(s, workers), servicesReady: servicesReady,
	}
	pool.olds, pool.currents = split(pool.live)
	pool.tellMax(p)
	pool.repair(p)
	hold := pool.hold()
	retired := pool.retire(hold, p)
	pool.startCreated(p)
	pool.create(pool.room(retired), hold, p)
	pool.clear(p)
	pool.lookAgain(p)
}

func (w workerPool) tellMax(p *Plan) {
	if declared := w.Pool.Spec.Workers.Warm; w.warm < declared {
		p.wait(w.Now, spec.Waiting{
			Object: "pool/" + w.Name, Reason: spec.ReasonAtMax,
			Message: fmt.Sprintf("%d of %d warm workers are kept: claimed workers take the rest of max %d", w.warm, declared, *w.Pool.Spec.Workers.Max),
		})
	}
}

// repair sets drifted limits in place and stops what is broken.
func (w workerPool) repair(p *Plan) {
	for _, k := range w.workers {
		switch {
		case k.State == runtime.StateRunning && len(k.limits) > 0 && k.phase != phaseBroken && k.phase != phaseTerminating:
			want := fitted(w.effective.prototype, w.Observed.Host)
			p.add(Update{step{k.Name, "limits drifted: " + joined(k.limits)}, k.ID, want.Limits})
		case k.claim != "":
		case k.phase == phaseBroken:
			takeDown(w.State, k.Container, k.cause, p)
		}
	}
}

// startCreated starts what has been created, unless it is of no use now.
func (w workerPool) startCreated(p *Plan) {
	for _, k := range w.workers {
		if k.phase != phaseCreated || k.claim != "" || p.acts(k.Name) {
			continue
		}
		if sandboxReplaced(w.State, k.Container) {
			p.add(Remove{step{k.Name, "its sandbox is gone"}, k.ID, false})
			continue
		}
		p.add(Start{step{k.Name, "created"}, k.ID, k.Owner})
	}
}

// retire takes down old workers as far as the rollout's bounds allow, and those
// above the number, and returns how many. While no worker can be created, no old
// one is taken: there would be nothing in its place.
func (w workerPool) retire(h hold, p *Plan) (retired int) {
	take := func(k *worker, cause string) {
		takeDown(w.State, k.Container, cause, p)
		retired++
	}
	if !w.Rollout.paused() && h.most > 0 {
		budget := w.available() - w.minAvailable()
		for _, k := range w.olds {
			switch {
			case k.unasked: // it may well be available
			case k.phase != phaseReady:
				take(k, k.cause)
			case budget > 0: // a young one will be available soon, and counts as much
				take(k, k.cause)
				budget--
			}
		}
	}
	kept := w.currents
	if w.Rollout.paused() {
		kept = w.live
	}
	for _, k := range kept[:max(0, len(kept)-w.warm)] {
		take(k, fmt.Sprintf("scale down to %d", w.warm))
	}
	return retired
}

// create makes up the number, at the lowest free ordinals.
func (w workerPool) create(room int, h hold, p *Plan) {
	if room <= 0 {
		return
	}
	if h.reason != "" {
		object := fmt.Sprintf("%s of pool/%s", count(room, "worker"), w.Name)
		p.wait(w.Now, spec.Waiting{Object: object, Reason: h.reason, Message: h.message, Until: h.until})
	}
	room = w.belowMax(min(room, h.most), p)
	used := map[int]bool{}
	for _, k := range w.workers {
		used[k.Owner.Ordinal] = true
	}
	template := healTemplate(w.State, w.effective)
	ready := template.Warmup == nil && template.Readiness == nil && servicesDownSince(w.State).IsZero()
	made := 0
	for ordinal := 0; made < room; ordinal++ {
		if used[ordinal] {
			continue
		}
		want := fitted(template.Worker(ordinal), w.Observed.Host)
		p.add(Create{step{want.Name, w.createCause()}, want, true, ready})
		made++
	}
}

func (w workerPool) createCause() string {
	if len(w.olds) > 0 && !w.Rollout.paused() {
		return "replaces an old worker: " + w.olds[len(w.olds)-1].cause
	}
	return fmt.Sprintf("%d of %d warm workers", len(w.live), w.warm)
}

// belowMax keeps every worker that exists, whatever its state, within max. Kept
// failed ones make room, which the next pass can use.
func (w workerPool) belowMax(room int, p *Plan) int {
	limit := *w.Pool.Spec.Workers.Max
	free := limit - len(w.workers)
	if room <= free {
		return room
	}
	free = max(0, free)
	blocked := room - free
	for _, k := range w.workers {
		if blocked > 0 && k.claim == "" && k.phase == phaseFailed {
			p.add(Remove{step{k.Name, fmt.Sprintf("room for a new worker: max is %d", limit)}, k.ID, false})
			blocked--
		}
	}
	if blocked > 0 {
		object := fmt.Sprintf("%s of pool/%s", count(blocked, "worker"), w.Name)
		p.wait(w.Now, spec.Waiting{Object: object, Reason: spec.ReasonAtMax, Message: fmt.Sprintf("%s cannot be created: %d exist and max is %d", object, len(w.workers), limit)})
	}
	return free
}

// clear removes what has ended, but for the newest failed ones that are kept.
func (w workerPool) clear(p *Plan) {
	var failed []*worker
	for _, k := range w.workers {
		switch {
		case k.claim != "":
		case k.phase == phaseEnded:
			p.add(Remove{step{k.Name, k.cause}, k.ID, true})
		case k.State == runtime.StateDead:
			p.add(Remove{step{k.Name, "dead"}, k.ID, true})
		case k.phase == phaseFailed:
			failed = append(failed, k)
		}
	}
	slices.SortStableFunc(failed, func(a, b *worker) int { return b.since.Compare(a.since) })
	keep := *w.Pool.Spec.Workers.Restart.KeepFailed
	for i, k := range failed {
		if i >= keep {
			p.add(Remove{step{k.Name, fmt.Sprintf("%s; the last %d are kept", k.cause, keep)}, k.ID, true})
		}
	}
}

// lookAgain asks for another look when time alone will have changed something:
// a ready worker becomes available, one gets too old, a rollout's deadline ends.
func (w workerPool) lookAgain(p *Plan) {
	at := func(t time.Time) {
		if t.After(w.Now) {
			p.requeue(t.Sub(w.Now))
		}
	}
	maxAge := time.Duration(w.Pool.Spec.Workers.Lifetime.WarmMaxAge)
	for _, k := range w.live {
		if k.phase == phaseReady {
			at(k.since.Add(w.minReady()))
		}
		if maxAge > 0 {
			at(k.Created.Add(maxAge))
		}
	}
	if w.Rollout.rollingOut() {
		at(w.Rollout.Progressed.Add(time.Duration(w.Pool.Spec.Workers.Update.ProgressDeadline)))
	}
}
