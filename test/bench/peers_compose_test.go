//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hal-controller/pkg/runtime"
)

const composeBinary = "../../bin/docker-compose"

// composeProject is one service that is made like our worker, on a network of its own.
type composeProject struct {
	observer
	file, name string
	worker     runtime.ContainerSpec
}

func newCompose(t *testing.T, o observer, worker runtime.ContainerSpec) composeProject {
	t.Helper()
	if _, err := os.Stat(composeBinary); err != nil {
		t.Fatalf("compose to compare with: %v; `make bin/docker-compose` builds it", err)
	}
	p := composeProject{o, filepath.Join(t.TempDir(), "compose.yaml"), pool + "-compose", worker}
	p.write("0")
	t.Cleanup(func() { p.remove(composeBinary, p.args("down", "--timeout", "1")...) })
	p.scale(0) // its network is there before a clock runs, as ours is
	return p
}

func (p composeProject) args(command ...string) []string {
	return append([]string{"--file", p.file, "--project-name", p.name, "--progress", "quiet"}, command...)
}

func (p composeProject) side() side {
	return side{name: sideCompose, labels: p.labels(), rounds: rounds, scale: p.scale}
}

func (p composeProject) labels() []string { return []string{"com.docker.compose.project=" + p.name} }

func (p composeProject) scale(n int) {
	p.t.Helper()
	p.run(composeBinary, p.args("up", "--detach", "--scale", "worker="+strconv.Itoa(n))...)
}

// write says what a worker is; a changed revision makes every container anew.
func (p composeProject) write(revision string) {
	p.t.Helper()
	w := p.worker
	text := fmt.Sprintf(`services:
  worker:
    image: %s
    pull_policy: never
    command: ["%s"]
    init: true
    stop_grace_period: %s
    cpus: %g
    mem_limit: %d
    memswap_limit: %d
    pids_limit: %d
    cap_drop: ["%s"]
    security_opt: [no-new-privileges]
    tmpfs: ["%s"]
    logging: {driver: json-file, options: {max-size: 10m, max-file: "2"}}
    labels: {%s: "%s"}
`, w.Image, strings.Join(w.Command, `", "`), w.StopTimeout, float64(w.Limits.CPU)/1000, w.Limits.Memory, w.Limits.Memory,
		w.Limits.Pids, strings.Join(w.Security.CapDrop, `", "`), strings.Join(w.Tmpfs, `", "`), revisionLabel, revision)
	if err := os.WriteFile(p.file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}
