//go:build e2e

package images_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// confined is a worker in which only what a session needs can be written, as a
// hardened pool has it.
func confined(image string, options ...string) container {
	GinkgoHelper()
	args := []string{
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "100", "--memory", "4g",
		"--tmpfs", "/tmp", "--tmpfs", "/workspace:uid=1001,gid=1001", "--tmpfs", "/home/claude/.claude:uid=1001,gid=1001,mode=0700",
	}
	return run(append(append(args, options...), image)...)
}

var _ = Describe("Claude Code in a worker", func() {
	for _, image := range []string{"hal/worker-ultramin", "hal/worker"} {
		It("has the three MCP servers in its configuration, and is content with the least that it may have: "+image, func() {
			got := confined(image).exec("", "claude", "mcp", "list")
			Expect(got.Code).To(BeZero(), got.Err)
			for _, server := range []string{"chromadb", "memory-bank", "sequential-thinking"} {
				Expect(got.Out).To(ContainSubstring(server + ": hal-mcp " + server))
			}
		})
	}

	It("is connected to them where the pool has the service", func() {
		p := newPool()
		worker := confined(workerImage, "--network", "container:"+string(p.parent))
		Eventually(func() string { return worker.exec("", "claude", "mcp", "list").Out }).Should(And(
			MatchRegexp(`chromadb: .*Connected`), MatchRegexp(`memory-bank: .*Connected`), MatchRegexp(`sequential-thinking: .*Connected`)))
	})

	It("asks nothing at its first start, and does not pretend to be logged in", func() {
		c := confined("hal/worker")
		Expect(c.exec("", "tmux", "new-session", "-d", "-x", "150", "-y", "50", "claude").Code).To(BeZero())
		screen := func() string { return c.exec("", "tmux", "capture-pane", "-p").Out }
		Eventually(screen).Should(MatchRegexp(`(?m)^❯`))
		Expect(screen()).To(And(ContainSubstring("/workspace"), ContainSubstring("Not logged in")))
	})

	It("leaves the settings of a home alone that has its own", func() {
		c := confined("hal/worker")
		own := `{"hasCompletedOnboarding": true, "mcpServers": {}}`
		Expect(c.exec(own, "sh", "-c", "cat >~/.claude/.claude.json").Code).To(BeZero())
		Expect(c.exec("", "claude", "mcp", "list").Out).NotTo(ContainSubstring("hal-mcp"))
	})

	It("may start twice at once in a new home", func() {
		c := confined("hal/worker")
		got := c.exec("", "bash", "-c", "for i in 1 2 3 4; do claude mcp get chromadb & done; wait")
		Expect(strings.Count(got.Out, "hal-mcp")).To(Equal(4), "%s%s", got.Out, got.Err)
		Expect(c.exec("", "sh", "-c", "ls -A ~/.claude | grep '^.claude.json.'").Out).To(BeEmpty())
	})

	It("shows its version where its home cannot be written", func() {
		c := run("--read-only", "hal/worker")
		Expect(c.exec("", "claude", "--version").Out).To(ContainSubstring("Claude Code"))
	})
})
