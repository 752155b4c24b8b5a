//go:build bench

package bench

import (
	"context"
	"io"
	"os/exec"
	"strings"

	"hal-controller/pkg/api"
)

// measureCommands times whole processes, ours beside docker's.
func (c claimer) measureCommands(figures *table) {
	docker := func(command ...string) {
		c.run(exec.Command("docker", append([]string{"run", "--rm", "--cpus", "1", "--memory", "256m", "--pids-limit", "100", image}, command...)...))
	}
	halWaits := func(wait string) func(command ...string) {
		return func(command ...string) {
			c.run(c.daemon.hal("claim", c.pool, "--name", "cmd", "--project", c.project))
			c.run(c.daemon.hal(append([]string{"exec", "cmd", "--"}, command...)...))
			c.run(c.daemon.hal("release", "cmd", wait))
		}
	}
	measure := func(what string, hal func(command ...string), after func(), command ...string) {
		var of pairs
		for range commands {
			waitSettled(c.t, c.daemon.socket)
			of = append(of, pair{us: timed(func() { hal(command...) }), bare: timed(func() { docker(command...) })})
			after()
		}
		figures.addRatio(what, of, "bare: docker run --rm, same image and limits")
	}
	gone := func() { c.release("cmd", api.Gone) }
	measure("claim + exec true + release, 3 processes", halWaits("--wait=true"), func() {}, "true")
	measure("the same, the removal not waited for", halWaits("--wait=false"), func() { _, _ = c.client.Release(context.Background(), "cmd", api.ReleaseOptions{Until: api.Gone}) }, "true")
	if c.hasClaimNew() {
		measure("hal exec --claim-new -- true (≤ 0.33)", func(command ...string) {
			c.run(c.daemon.hal(append([]string{"exec", "--claim-new", c.pool, "--"}, command...)...))
		}, func() {}, "true")
	}
	measure("claim + exec claude --version (≤ 0.50)", func(command ...string) {
		c.run(c.daemon.hal("claim", c.pool, "--name", "cmd", "--project", c.project))
		c.run(c.daemon.hal(append([]string{"exec", "cmd", "--"}, command...)...))
	}, gone, "claude", "--version")
}

func (c claimer) hasClaimNew() bool {
	help := c.daemon.hal("exec", "--help")
	help.Stdout = nil
	text, _ := help.Output()
	return strings.Contains(string(text), "--claim-new")
}

func (c claimer) run(command *exec.Cmd) {
	command.Stdout = io.Discard
	if err := command.Run(); err != nil {
		c.t.Errorf("%s: %v", command, err)
	}
}
