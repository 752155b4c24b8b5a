package claim_test

import (
	"slices"
	"testing/synctest"
	"time"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// patience is how long, in the simulation's time, a world without faults may take to
// be as declared: longer than each backoff.
const patience = 3 * time.Minute

// settle ends all faults, and expects the world to become as declared.
func (s *simulation) settle() {
	s.judge()
	s.mu.Lock()
	clear(s.spoilt)
	clear(s.spoiltAfter)
	s.mu.Unlock()
	s.unsavable.Store(false)
	s.takeEngine(false)
	if ahead := time.Duration(s.clock.Load()); ahead != 0 {
		s.setClock(-ahead)
		s.die() // what it has measured by that clock, a real one has by one that nobody sets
	}
	s.breakStore(false)
	pool := *s.pool
	pool.Spec.Suspend = false
	s.declare(&pool)
	s.until(s.unsettled)
}

// until waits for there to be no complaint, and fails the history with the last one.
func (s *simulation) until(complaint func() breach) {
	var latest breach
	for began := time.Now(); time.Since(began) < patience; time.Sleep(500 * time.Millisecond) {
		s.judge()
		if latest = complaint(); latest == "" {
			return
		}
	}
	s.fail(breachOf("%s, %s after the last fault", latest, patience))
}

// unsettled says what is not as it should be when there are no faults.
func (s *simulation) unsettled() breach {
	for _, complaint := range []func() breach{s.poolUnlikeDeclared, s.claimsUnlikeGranted, s.leftovers} {
		if b := complaint(); b != "" {
			return b
		}
	}
	return ""
}

func (s *simulation) poolUnlikeDeclared() breach {
	var warm, claimed int
	for _, c := range s.workers() {
		switch {
		case reconcile.ClaimOf(c) != "":
			claimed++
		case c.State == runtime.StateRunning && slices.Equal(c.Inspection.Spec.Env, environment(s)):
			warm++
		}
	}
	most := *s.pool.Spec.Workers.Max
	if want := min(s.pool.Spec.Workers.Warm, max(0, most-claimed)); warm != want {
		return breachOf("%d warm workers of %d wanted, and %d claimed of at most %d", warm, want, claimed, most)
	}
	// Who queues gets a warm worker, for the others one is made.
	if waiting := len(s.asking()); waiting > 0 && warm > 0 || s.claims.Waiting("dev") > 0 && claimed < most {
		return breachOf("%d wait, and %d workers of at most %d are claimed, %d warm", waiting, claimed, most, warm)
	}
	return ""
}

func environment(s *simulation) []runtime.EnvVar {
	var env []runtime.EnvVar
	for _, v := range s.pool.Spec.Workers.Template.Env {
		env = append(env, runtime.EnvVar{Name: v.Name, Value: v.Value})
	}
	return env
}

// claimsUnlikeGranted holds each claim that was granted, and has not ended, against
// what there is of it.
func (s *simulation) claimsUnlikeGranted() breach {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		switch r, err := s.claims.Get(g.record.Name); {
		case g.released || g.expired || g.record.Recovered || !g.record.Expires.IsZero():
		case err != nil && g.lost && s.damaged: // neither disk nor engine had anything of it
		case err != nil:
			return breachOf("claim %s is gone: %v", g.record.Name, err)
		case g.lost && r.Phase != claim.Lost:
			return breachOf("claim %s, whose worker was taken away, is %s", r.Name, r.Phase)
		case g.lost:
		case r.Phase != claim.Bound || r.Worker != g.record.Worker:
			return breachOf("claim %s is %s with worker %.12s, and had %.12s", r.Name, r.Phase, r.Worker, g.record.Worker)
		case !slices.ContainsFunc(s.workers(), func(c runtime.Container) bool {
			return c.ID == r.Worker && c.State == runtime.StateRunning && c.Name == r.Container()
		}):
			return breachOf("claim %s has no worker that runs", r.Name)
		}
	}
	for _, r := range s.claims.List() {
		held := r.Phase == claim.Releasing && s.damaged // and nobody was told
		if r.Phase != claim.Bound && r.Phase != claim.Lost && !held {
			return breachOf("claim %s is %s", r.Name, r.Phase)
		}
	}
	return ""
}

// leftovers are what is on the disk, on the engine or bound, and of no claim.
func (s *simulation) leftovers() breach {
	records, err := claim.Store{Dir: s.records()}.Load()
	if err != nil {
		return breachOf("records can be read: %v", err)
	}
	known := s.claims.List()
	if len(s.asking()) == 0 && len(records) != len(known) {
		return breachOf("%d records on disk of %d claims", len(records), len(known))
	}
	bindable := map[string]bool{}
	for _, c := range s.workers() {
		if of := reconcile.ClaimOf(c); of != "" {
			bindable[reconcile.WorkerName("dev", c.Owner.Ordinal)] = true
			if !slices.ContainsFunc(known, func(r claim.Record) bool { return r.Worker == c.ID }) && len(s.asking()) == 0 {
				return breachOf("%s is of no claim", c.Name)
			}
		}
	}
	slots, _ := s.binder.Workers()
	for _, worker := range slots {
		if bound := s.binder.bound(worker); len(bound) > 0 && !bindable[worker] && !s.meddled {
			return breachOf("%v is bound in %s, which nobody has", bound, worker)
		}
	}
	return ""
}

// clear has everybody leave and give back what they have, and expects nothing to be
// left of it.
func (s *simulation) clear() {
	for _, p := range s.asking() {
		p.leave()
	}
	s.until(func() breach {
		claims := s.claims.List()
		for _, r := range claims {
			s.letGo(r.Name, claim.ReleaseOptions{Discard: true})
		}
		synctest.Wait()
		if waiting := s.claims.Waiting("dev"); len(claims) > 0 || waiting > 0 {
			return breachOf("%d claims are left, and %d wait", len(claims), waiting)
		}
		return s.unsettled()
	})
	records, err := claim.Store{Dir: s.records()}.Load()
	if len(records) > 0 || err != nil {
		s.fail(breachOf("nobody has a claim, and the disk has %v, %v", records, err))
	}
}
