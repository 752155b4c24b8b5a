//go:build bench

package bench

import (
	"fmt"
	"time"
)

// share is how many per cent of the workers a rollout has in hand at once.
const share = 20

// bound is one way to keep within the share, in our words and in swarm's.
type bound struct {
	name               string
	unavailable, surge int
	order              string
}

var bounds = []bound{
	{fmt.Sprintf("%d %% unavailable", share), share, 0, "stop-first"},
	{fmt.Sprintf("%d %% surge", share), 0, share, "start-first"},
}

// measureRollout edits the template of each side until all its containers are new.
func (p peers) measureRollout(n int) {
	p.t.Helper()
	took := map[string][]time.Duration{}
	revision := 0
	roll := func(key string, labels []string, edit func(revision string)) {
		revision++
		label := fmt.Sprint(revision)
		took[key] = append(took[key], timed(func() {
			edit(label)
			p.count(append([]string{revisionLabel + "=" + label}, labels...), n)
			p.count(labels, n)
		}))
		p.t.Logf("%s, %d replaced: %s", key, n, text(took[key][len(took[key])-1]))
	}
	atOnce := max(1, n*share/100)
	for round := range p.rounds {
		for _, mode := range modes {
			p.rig.mode(mode)
			s := p.rig.side("controller, " + string(mode))
			p.take(s, n)
			for _, b := range bounds {
				roll(b.name+", "+string(mode), s.labels, func(revision string) { p.rig.roll(revision, b.unavailable, b.surge) })
			}
			p.take(s, 0)
		}
		c := p.compose.side()
		p.take(c, n)
		roll(sideCompose, c.labels, func(revision string) { p.compose.write(revision); p.compose.scale(n) })
		p.take(c, 0)
		if s := p.swarm.side(); round < s.rounds {
			p.take(s, n)
			for _, b := range bounds {
				roll(b.name+", "+sideSwarm, s.labels, func(revision string) { p.swarm.update(revision, b.order, atOnce) })
			}
			s.reset()
		}
	}
	for _, b := range bounds {
		for _, mode := range modes {
			p.figures.add(fmt.Sprintf("edit -> all %d replaced, %s, %s", n, b.name, mode), medianOf(took[b.name+", "+string(mode)]),
				map[string]figure{sideCompose: medianOf(took[sideCompose]), sideSwarm: medianOf(took[b.name+", "+sideSwarm])},
				fmt.Sprintf("%s; swarm: %s, %d at once; compose knows no bound", p.notes(), b.order, atOnce))
		}
	}
}
