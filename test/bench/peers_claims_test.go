//go:build bench

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"hal-controller/pkg/api"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

const (
	peerWarm  = 60
	burst     = 50
	perSecond = 20
	sustained = time.Minute
	// heldFor is how long docker run is had at its best, to see how many a second that is.
	heldFor = 20 * time.Second
)

// measurePeerClaims takes claims of warm workers beside containers that are made when
// they are asked for.
func measurePeerClaims(t *testing.T, figures *peerTable) {
	if os.Geteuid() != 0 {
		t.Skip("only root can bind projects into workers")
	}
	endpoint, err := docker.Resolve("", "")
	if err != nil {
		t.Fatal(err)
	}
	p := peerClaims{newClaimer(t, peerWarm, 200), newObserver(t, endpoint.Host)}
	p.measureSingle(figures)
	p.measureBurst(figures)
	p.measureSustained(figures)
}

type peerClaims struct {
	claimer
	engine observer
}

// once is a container for one command, with the limits of the pool's workers.
func (p peerClaims) once() time.Duration {
	return timed(func() {
		p.run(p.engine.command("docker", "run", "--rm", "--init", "--cpus", "1", "--memory", "256m", "--memory-swap", "256m",
			"--pids-limit", "100", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", image, "true"))
	})
}

func (p peerClaims) measureSingle(figures *peerTable) {
	var took, runs []time.Duration
	for i := range kills {
		waitSettled(p.t, p.daemon.socket)
		name := fmt.Sprintf("single%d", i)
		took = append(took, timed(func() { p.claim(name) }))
		p.release(name, api.Gone)
		waitSettled(p.t, p.daemon.socket)
		runs = append(runs, p.once())
	}
	figures.add("a claim, nothing else going on", spreadOf(took), map[string]figure{sideRun: spreadOf(runs)},
		fmt.Sprintf("%d each; with a project; docker run --rm IMAGE true", kills))
}

func (p peerClaims) measureBurst(figures *peerTable) {
	var took, runs []time.Duration
	for round := range slowRounds {
		p.ready(peerWarm)
		waitSettled(p.t, p.daemon.socket)
		prefix := fmt.Sprintf("burst%d-", round)
		took = append(took, p.together(burst, prefix)...)
		p.each(burst, func(i int) { p.release(fmt.Sprint(prefix, i), api.Gone) })
		waitSettled(p.t, p.daemon.socket)
		together := make([]time.Duration, burst)
		p.each(burst, func(i int) { together[i] = p.once() })
		runs = append(runs, together...)
	}
	figures.add(fmt.Sprintf("%d claims at once", burst), spreadOf(took), map[string]figure{sideRun: spreadOf(runs)},
		fmt.Sprintf("%d times, %d warm; so many docker run --rm at once", slowRounds, peerWarm))
}

// measureSustained claims at a rate that does not depend on how it goes. docker run has
// as many at once as the machine has places for: beyond that its line only grows.
func (p peerClaims) measureSustained(figures *peerTable) {
	p.ready(peerWarm)
	waitSettled(p.t, p.daemon.socket)
	took, refused := p.openLoop()
	waitSettled(p.t, p.daemon.socket)
	runs := p.closedLoop()
	asked := len(took) + refused
	measure := fmt.Sprintf("%d claims/s for %s, released at once", perSecond, sustained)
	figures.add(measure, spreadOf(took), map[string]figure{sideRun: spreadOf(runs)},
		fmt.Sprintf("%d of %d refused: beyond the %d warm at first, %.1f/s were made; docker run, %d at once: %.1f/s", refused, asked,
			peerWarm, float64(len(took)-peerWarm)/sustained.Seconds(), parallel, float64(len(runs))/heldFor.Seconds()))
}

func (p peerClaims) openLoop() (took []time.Duration, refused int) {
	var mu sync.Mutex
	var group sync.WaitGroup
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for i := range int(sustained.Seconds() * perSecond) {
		<-tick.C
		group.Go(func() {
			request := api.ClaimRequest{Name: fmt.Sprint("sustained", i), Pool: p.pool, Project: p.project, OnEmpty: spec.OnEmptyFail}
			began := time.Now()
			_, err := p.client.Claim(context.Background(), request, nil)
			lasted := time.Since(began)
			var no *api.Error
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				took = append(took, lasted)
				group.Go(func() { p.release(request.Name, api.Recorded) })
			case errors.As(err, &no) && no.Code == api.CodeRefused:
				refused++
			default:
				p.t.Errorf("claim %s: %v", request.Name, err)
			}
		})
	}
	group.Wait()
	return took, refused
}

func (p peerClaims) closedLoop() (runs []time.Duration) {
	var mu sync.Mutex
	end := time.Now().Add(heldFor)
	p.each(parallel, func(int) {
		for time.Now().Before(end) {
			lasted := p.once()
			mu.Lock()
			runs = append(runs, lasted)
			mu.Unlock()
		}
	})
	return runs
}
