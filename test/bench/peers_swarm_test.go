//go:build bench

package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"

	"hal-controller/pkg/runtime"
)

// gatewayBridge is the network that an engine makes when it becomes part of a swarm,
// and keeps when it leaves.
const gatewayBridge = "docker_gwbridge"

// swarmService is our worker as a service of a swarm of this one engine.
type swarmService struct {
	observer
	name    string
	image   string
	delay   time.Duration // between a task's end and the start of the one in its place
	worker  runtime.ContainerSpec
	created *bool
}

// swarmRestartDelay is what swarm waits unless it is told otherwise.
const swarmRestartDelay = 5 * time.Second

func newSwarm(t *testing.T, o observer, worker runtime.ContainerSpec) swarmService {
	t.Helper()
	joinSwarm(t, o)
	image, err := o.api.ImageInspect(context.Background(), worker.Image)
	if err != nil {
		t.Fatalf("inspect image %s: %v", worker.Image, err)
	}
	// A task asks a registry for its image first, unless it is given as an id.
	s := swarmService{o, pool + "-swarm", image.ID, swarmRestartDelay, worker, new(bool)}
	// A bridge of its own, as the other sides have, and not an overlay, which costs more.
	s.run("docker", "network", "create", "--scope", "swarm", "--driver", "bridge", s.name)
	t.Cleanup(func() {
		s.end()
		s.await("removal of network "+s.name, func() bool { // a task may have it for a moment more
			return s.command("docker", "network", "rm", s.name).Run() == nil
		})
	})
	return s
}

// joinSwarm makes a swarm of an engine that is in none, and leaves it at the end.
func joinSwarm(t *testing.T, o observer) {
	t.Helper()
	ctx := context.Background()
	info, err := o.api.Info(ctx)
	if err != nil {
		t.Fatalf("ask the engine for its swarm: %v", err)
	}
	if info.Swarm.LocalNodeState != swarm.LocalNodeStateInactive {
		return
	}
	_, err = o.api.NetworkInspect(ctx, gatewayBridge, network.InspectOptions{})
	hadBridge := err == nil
	o.run("docker", "swarm", "init", "--advertise-addr", "127.0.0.1")
	t.Cleanup(func() {
		o.remove("docker", "swarm", "leave", "--force")
		if !hadBridge {
			o.remove("docker", "network", "rm", gatewayBridge)
		}
	})
}

func (s swarmService) side() side {
	return side{name: sideSwarm, labels: s.labels(), rounds: slowRounds, scale: s.scale, reset: s.end}
}

func (s swarmService) labels() []string { return []string{"com.docker.swarm.service.name=" + s.name} }

// scale creates the service when it is first asked for tasks; end removes it.
func (s swarmService) scale(n int) {
	s.t.Helper()
	if *s.created {
		s.run("docker", "service", "scale", "--detach", fmt.Sprintf("%s=%d", s.name, n))
		return
	}
	*s.created = true
	args := []string{"service", "create", "--detach", "--no-resolve-image", "--name", s.name,
		"--network", s.name, "--replicas", strconv.Itoa(n)}
	s.run("docker", slices.Concat(args, s.settings(), []string{s.image}, s.worker.Command)...)
}

// end removes the service where there is one, and waits for its containers to go,
// those of its history too.
func (s swarmService) end() {
	if !*s.created {
		return
	}
	*s.created = false
	s.remove("docker", "service", "rm", s.name)
	s.count(s.labels(), 0)
}

// settings are those of our worker; swarm has none for the swap or new privileges.
func (s swarmService) settings() []string {
	w := s.worker
	settings := []string{
		"--init", "--limit-cpu", fmt.Sprintf("%g", float64(w.Limits.CPU)/1000),
		"--limit-memory", strconv.FormatInt(w.Limits.Memory, 10),
		"--limit-pids", strconv.FormatInt(w.Limits.Pids, 10), "--stop-grace-period", w.StopTimeout.String(),
		"--restart-delay", s.delay.String(),
		"--log-driver", "json-file", "--log-opt", "max-size=10m", "--log-opt", "max-file=2",
	}
	for _, capability := range w.Security.CapDrop {
		settings = append(settings, "--cap-drop", capability)
	}
	for _, target := range w.Tmpfs {
		settings = append(settings, "--mount", "type=tmpfs,target="+target)
	}
	return settings
}

// update replaces every task, so many at a time.
func (s swarmService) update(revision, order string, atOnce int) {
	s.t.Helper()
	s.run("docker", "service", "update", "--detach", "--update-order", order, "--update-parallelism", strconv.Itoa(atOnce),
		"--update-delay", "0s", "--container-label-add", revisionLabel+"="+revision, s.name)
}
