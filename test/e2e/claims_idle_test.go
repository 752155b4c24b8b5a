//go:build e2e

package e2e_test

import (
	"context"
	"os/exec"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

var _ = Describe("A claim that ends when nothing is done in it", func() {
	// Workers are looked at every 10 s: the first look sees them at work, the next one
	// warns, and the one after that ends them.
	const allowed = 20 * time.Second

	It("is warned of and released, but for those that build or are used", func() {
		program, err := exec.LookPath("make")
		if err != nil {
			Skip("there is no make on this machine to build with")
		}
		w := newWorld()
		p := w.pool("idle", 3)
		p.Spec.Workers.Lifetime.ClaimIdleTimeout = spec.Duration(allowed)
		// That it is looked after is no work.
		p.Spec.Workers.Template.Readiness = &spec.Probe{Exec: []string{"true"}}
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 3)

		By("a build that says nothing goes on, and nobody is connected to it")
		build := w.bound(amy, pool, "build")
		Expect(w.as(amy, "cp", program, "build:/tmp/make")).To(exitWith(0))
		Expect(w.inside(amy, "build", "cd /tmp; printf 'all:\\n\\tsleep 4324\\n' >Makefile; setsid ./make >/dev/null 2>&1 &")).To(exitWith(0))
		Eventually(func() string { return w.run(build.ContainerID, "ps -eo args").Out }).Should(And(
			ContainSubstring("./make\n"), ContainSubstring("sleep 4324\n")))
		By("somebody is connected to one in which nothing else goes on")
		w.bound(amy, pool, "used")
		used := w.onTerminalAs(amy, "exec", "used", "-t", "--", "sh", "-c", "echo ready; read line")
		Eventually(used.out).Should(gbytes.Say("ready"))
		By("nothing is done in the third")
		w.bound(amy, pool, "idle")
		bound := time.Now()
		Eventually(w.claims).WithTimeout(2 * time.Minute).Should(Not(HaveKey("idle")))
		Expect(time.Since(bound)).To(BeNumerically(">=", allowed))
		// All were looked at together, and these two before it.
		Expect(w.claims()).To(And(
			HaveKeyWithValue("build", HaveField("Phase", "Bound")), HaveKeyWithValue("used", HaveField("Phase", "Bound"))))
		Expect(w.reasonsOf(pool, "idle")).To(Equal([]string{"Claimed", "ClaimIdle", "Released"}))
		Expect(w.reasonsOf(pool, "build")).To(Equal([]string{"Claimed"}))
		Expect(w.reasonsOf(pool, "used")).To(Equal([]string{"Claimed"}))
		Expect(w.hal("events", "--for", "pool/"+pool).Out).To(MatchRegexp(`Released +claim/idle +nothing was done in it for [23]\ds`))
		Expect(w.workers(pool)).NotTo(ContainElement(HaveField("Name", HaveSuffix(".idle"))))
	})
})

// reasonsOf are those of the events about a claim, in their order.
func (w *world) reasonsOf(pool, claim string) []string {
	GinkgoHelper()
	events, err := api.NewClient(w.socket()).Events(context.Background(), pool)
	Expect(err).NotTo(HaveOccurred())
	var reasons []string
	for _, event := range events {
		if event.Object == "claim/"+claim {
			reasons = append(reasons, event.Reason)
		}
	}
	return reasons
}
