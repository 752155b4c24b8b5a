//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var examples, _ = filepath.Abs("../../manifests")

var _ = Describe("The manifests that come with the project", func() {
	It("are all valid", func() {
		Expect(newWorld().hal("validate", "-f", examples)).To(exitWith(0))
	})

	// What a worker of each says of itself once the pool has converged.
	DescribeTable("converge, and their workers have what they promise", func(ctx SpecContext, name string, warm int, script, answer string) {
		w := newWorld()
		pool := w.example(ctx, name)
		w.start(w.dir)
		worker := w.settle(pool, warm)[0]
		Eventually(func() outcome { return w.run(worker.ID, script) }).
			Should(And(exitWith(0), HaveField("Out", MatchRegexp(answer))))
	},
		Entry("pool.yaml: Claude Code with shared services", "pool", 3,
			"claude --version && claude mcp list", `(?s)Claude Code.*chromadb: .*Connected.*memory-bank: .*Connected.*sequential-thinking: .*Connected`),
		Entry("ci.yaml: a fixed number of the smallest", "ci", 2,
			"claude --version; type git || echo no git", `Claude Code[^z]*no git`),
		Entry("bridge.yaml: services by name, and no way out", "bridge", 2,
			"claude mcp list && curl -s parent:8000/api/v2/heartbeat && ip=$(getent hosts parent) && ! timeout 3 bash -c 'exec 3<>/dev/tcp/192.0.2.1/80'",
			`(?s)chromadb: .*Connected.*memory-bank: .*Connected.*heartbeat`),
		Entry("hardened.yaml: nothing but /tmp can be changed", "hardened", 2,
			"touch /tmp/x && ! touch /usr/x /home/claude/x && claude --version && grep -E 'CapEff|NoNewPrivs' /proc/self/status",
			`(?s)Claude Code.*CapEff:\s+0000000000000000.*NoNewPrivs:\s+1`),
	)
})

// example puts a manifest of the project's into this world, as a pool of its own,
// with gVisor where the engine has it.
func (w *world) example(ctx context.Context, name string) (pool string) {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(examples, name+".yaml"))
	Expect(err).NotTo(HaveOccurred())
	pool = name + "-" + w.id
	text := string(content)
	declared := strings.TrimSpace(strings.SplitN(strings.SplitN(text, "metadata:\n  name: ", 2)[1], "\n", 2)[0])
	text = strings.Replace(text, "name: "+declared+"\n", "name: "+pool+"\n", 1)
	engine, err := w.api.Info(ctx)
	Expect(err).NotTo(HaveOccurred())
	if _, found := engine.Runtimes["runsc"]; found {
		text = strings.Replace(text, "# runtime: runsc", "runtime: runsc", 1)
	}
	w.pools = append(w.pools, pool)
	w.writeText(name+".yaml", []byte(text))
	return pool
}
