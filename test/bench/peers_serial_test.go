//go:build bench

package bench

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"hal-controller/pkg/runtime"
)

// serialRun is how hal-9000 makes its workers: one `docker run -d` after another, and
// one `docker rm -f` after another to take them away.
type serialRun struct {
	observer
	name   string
	worker runtime.ContainerSpec
}

func newSerialRun(t *testing.T, o observer, worker runtime.ContainerSpec) serialRun {
	t.Helper()
	s := serialRun{o, pool + "-run", worker}
	s.run("docker", "network", "create", s.name)
	t.Cleanup(func() { s.remove("docker", "network", "rm", s.name) })
	t.Cleanup(func() {
		for _, c := range s.list(s.labels()) {
			s.remove("docker", "rm", "--force", c.ID)
		}
	})
	return s
}

func (s serialRun) side() side {
	return side{name: sideRun, labels: s.labels(), rounds: slowRounds, scale: s.scale}
}

func (s serialRun) labels() []string { return []string{"hal.test=" + s.name} }

// scale knows only from none and to none, as a loop in a script does.
func (s serialRun) scale(n int) {
	s.t.Helper()
	for _, c := range s.list(s.labels()) {
		s.run("docker", "rm", "--force", c.ID)
	}
	for i := range n {
		name := fmt.Sprintf("%s-%d", s.name, i)
		args := []string{"run", "--detach", "--name", name, "--label", s.labels()[0], "--network", s.name}
		s.run("docker", slices.Concat(args, s.settings(), []string{s.worker.Image}, s.worker.Command)...)
	}
}

// settings are those of our worker.
func (s serialRun) settings() []string {
	w := s.worker
	memory := strconv.FormatInt(w.Limits.Memory, 10)
	settings := []string{
		"--init", "--cpus", fmt.Sprintf("%g", float64(w.Limits.CPU)/1000), "--memory", memory, "--memory-swap", memory,
		"--pids-limit", strconv.FormatInt(w.Limits.Pids, 10), "--security-opt", "no-new-privileges",
		"--stop-timeout", fmt.Sprintf("%.0f", w.StopTimeout.Seconds()),
		"--log-driver", "json-file", "--log-opt", "max-size=10m", "--log-opt", "max-file=2",
	}
	for _, capability := range w.Security.CapDrop {
		settings = append(settings, "--cap-drop", capability)
	}
	for _, target := range w.Tmpfs {
		settings = append(settings, "--tmpfs", target)
	}
	return settings
}
