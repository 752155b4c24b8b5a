//go:build bench

package bench

import (
	"maps"
	"testing"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// revisionLabel is on the containers of every side; a template is edited by it.
const revisionLabel = "hal.test.revision"

// newPeerRig is a controller with an empty pool in bridge mode, which is what the peers
// have: an endpoint on a network for each container.
func newPeerRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.start()
	r.declare(0)
	r.settle()
	r.mode(spec.NetworkBridge)
	return r
}

// edit changes the manifest that is in force, and has it looked at.
func (r *rig) edit(change func(*spec.PoolSpec)) {
	r.mu.Lock()
	p := *r.manifest.Pool
	change(&p.Spec)
	r.manifest = reconcile.Manifest{Pool: &p, Generation: r.manifest.Generation + 1}
	r.mu.Unlock()
	r.controller.Enqueue(pool)
}

// mode gives an empty pool a network mode, and what the peers do not have to wait for.
func (r *rig) mode(mode spec.NetworkMode) {
	r.t.Helper()
	r.edit(func(s *spec.PoolSpec) {
		s.Network.Mode = mode
		s.Workers.Update.MinReady = new(spec.Duration)
		keep := 3
		s.Workers.Restart.KeepFailed = &keep
		s.Workers.Restart.ResetAfter = spec.Duration(time.Millisecond) // one kill after another is no crash loop
	})
	r.settleLong()
}

// dropFailed has the controller remove the killed workers, which it keeps for a look.
func (r *rig) dropFailed() {
	r.t.Helper()
	r.edit(func(s *spec.PoolSpec) { s.Workers.Restart.KeepFailed = new(int) })
	r.settleLong()
}

func (r *rig) scale(n int) {
	r.t.Helper()
	r.edit(func(s *spec.PoolSpec) {
		limit := n + 60
		s.Workers.Warm, s.Workers.Max = n, &limit
	})
	r.settleLong()
}

// roll replaces all workers within bounds.
func (r *rig) roll(revision string, unavailable, surge int) {
	r.t.Helper()
	r.edit(func(s *spec.PoolSpec) {
		labels := maps.Clone(s.Workers.Template.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[revisionLabel] = revision
		s.Workers.Template.Labels = labels
		s.Workers.Update.MaxUnavailable = &spec.IntOrPercent{Value: unavailable, Percent: true}
		s.Workers.Update.MaxSurge = &spec.IntOrPercent{Value: surge, Percent: true}
	})
	r.settleLong()
}

// settleLong is settle for what takes longer than that waits for.
func (r *rig) settleLong() {
	r.t.Helper()
	for deadline := time.Now().Add(observeWithin); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		status := r.reconciler.Status(pool)
		if status != nil && status.ObservedGeneration == r.manifest.Generation && reconcile.Settled(status) {
			break
		}
	}
	r.settle()
}

// side is the controller in a network mode that it has been given.
func (r *rig) side(name string) side {
	return side{name: name, labels: []string{"hal/pool=" + pool, "hal/role=worker"}, rounds: rounds, scale: r.scale}
}

// bareSide is the engine's client alone, in the mode that the controller has.
func (r *rig) bareSide(atOnce int) side {
	var ids []string
	return side{name: sideBare, labels: []string{"hal/pool=" + pool + "-bare"}, rounds: rounds, scale: func(n int) {
		if n == 0 {
			r.bareDown(ids, atOnce)
			return
		}
		ids = r.bareUp(n, atOnce)
	}}
}
