//go:build bench

package bench

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/api"
)

// race has many clients claim and release from a pool that has a worker for each, and
// counts what must not be.
func (c claimer) race(figures *table) {
	var mu sync.Mutex
	holders := map[string]string{} // worker -> claim, of all times
	doubles, losses := 0, 0
	watch, stop := context.WithCancel(context.Background())
	highest := make(chan int, 1)
	go func() { highest <- c.highest(watch) }()
	took := timed(func() {
		var group errgroup.Group
		group.SetLimit(racers)
		for i := range raced {
			group.Go(func() error {
				name := fmt.Sprintf("race%d", i)
				client := api.NewClient(c.daemon.socket)
				claim, err := client.Claim(context.Background(), api.ClaimRequest{Name: name, Pool: c.pool, Project: c.project}, func(int) {})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					losses++
					c.t.Logf("claim %s: %v", name, err)
					return nil
				}
				if holders[claim.ContainerID] != "" {
					doubles++
				}
				holders[claim.ContainerID] = name
				go c.release(name, api.Recorded)
				return nil
			})
		}
		_ = group.Wait()
	})
	stop()
	over := max(0, <-highest-c.most)
	figures.fact(fmt.Sprintf("%d claims raced by %d clients over %d workers", raced, racers, c.most),
		fmt.Sprintf("%d double, %d lost, %d over max", doubles, losses, over), fmt.Sprintf("in %s", took.Round(time.Second)))
	if doubles+losses+over > 0 {
		c.t.Error("a claim must have a worker of its own, and max must hold")
	}
}

// highest is the highest number of workers that the engine has had until ctx ends.
func (c claimer) highest(ctx context.Context) (highest int) {
	for ctx.Err() == nil {
		out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=hal/pool="+c.pool, "--filter", "label=hal/role=worker").Output()
		if err == nil {
			highest = max(highest, len(strings.Fields(string(out))))
		}
		time.Sleep(20 * time.Millisecond)
	}
	return highest
}
