//go:build bench

package bench

import (
	"context"
	"fmt"
	"time"
)

// measureSteady has each side keep what it has.
func (p peers) measureSteady(n int) {
	p.t.Helper()
	swarmHeals := p.swarmHeals(p.swarm, n)
	eager := p.swarm
	eager.delay = 0
	eagerHeals := p.swarmHeals(eager, n)
	again := p.composeAgain(n)
	for _, mode := range modes {
		p.rig.mode(mode)
		s := p.rig.side("controller, " + string(mode))
		p.take(s, n)
		var heals, passes []time.Duration
		for range peerKills {
			heals = append(heals, p.heal(s.labels, n))
			p.rig.settle()
		}
		for range 20 {
			passes = append(passes, timed(p.pass))
		}
		p.rig.dropFailed()
		p.take(s, 0)
		killed := fmt.Sprintf("killed -> replaced, among %d, %s", n, mode)
		note := fmt.Sprintf("medians of %d; ", peerKills)
		p.figures.add(killed, medianOf(heals), map[string]figure{sideSwarm: medianOf(swarmHeals)},
			note+"swarm's restart delay as it comes, 5s; compose heals nothing")
		p.figures.add("the same", medianOf(heals), map[string]figure{sideSwarm: medianOf(eagerHeals)},
			note+"swarm's restart delay 0s")
		settled := fmt.Sprintf("nothing to change, %d workers, %s", n, mode)
		p.figures.add(settled, medianOf(passes), map[string]figure{sideCompose: medianOf(again)},
			fmt.Sprintf("a pass in the running controller, median of 20; a process of compose, up again, of %d", p.rounds))
	}
}

func (p peers) pass() {
	if _, err := p.rig.reconciler.Reconcile(context.Background(), pool); err != nil {
		p.t.Fatal(err)
	}
}

func (p peers) swarmHeals(s swarmService, n int) (heals []time.Duration) {
	p.t.Helper()
	p.take(s.side(), n)
	for range peerKills {
		heals = append(heals, p.heal(s.labels(), n))
	}
	s.end()
	return heals
}

func (p peers) composeAgain(n int) (again []time.Duration) {
	p.t.Helper()
	s := p.compose.side()
	p.take(s, n)
	for range p.rounds {
		again = append(again, p.take(s, n))
	}
	p.take(s, 0)
	return again
}
