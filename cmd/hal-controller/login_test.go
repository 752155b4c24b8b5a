package main

import (
	"context"
	"fmt"
	"os"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("login", func() {
	var backend *fake.Backend
	var screen *os.File
	var shown *gbytes.Buffer
	BeforeEach(func() {
		keeping := imagePool("mine", "hal/worker")
		keeping.Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "claude-home", Target: "/home/claude/.claude", Scope: spec.ScopeUser}}
		backend = &fake.Backend{}
		backend.SetPools(imagePool("dev", "hal/worker"), keeping)
		serving(backend)
		keyboard, tty, err := pty.Open()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { _, _ = keyboard.Close(), tty.Close() })
		screen, shown = tty, gbytes.BufferReader(keyboard)
	})
	login := func(args ...string) int {
		return (&app{in: screen, out: screen, errOut: screen}).main(context.Background(), append([]string{"login"}, args...))
	}

	DescribeTable("runs Claude's own, says whether it has left anything, and releases",
		func(there, code int, said string) {
			var ran []string
			backend.OnSession(func(_ context.Context, claim string, p *fakeruntime.Process) int {
				ran = append(ran, fmt.Sprintf("%s %t %q", claim, p.Spec.Terminal != nil, p.Spec.Command))
				if p.Spec.Command[0] == "test" {
					return there
				}
				return 0
			})
			Expect(login()).To(Equal(code))
			Expect(ran).To(Equal([]string{
				`login true ["claude" "/login"]`,
				`login false ["test" "-s" "/home/claude/.claude/.credentials.json"]`,
			}))
			Expect(backend.Calls()).To(Equal([]string{"claim mine login ", "release login recorded"}))
			Eventually(shown).Should(gbytes.Say(said))
		},
		Entry("logged in", 0, exitYes, "logged in: "),
		Entry("not logged in", 1, exitNo, "you are not logged in: there is no /home/claude/.claude/.credentials.json"),
	)
	It("says how to make a pool that keeps a login", func() {
		Expect(login("dev")).To(Equal(exitNo))
		Eventually(shown).Should(gbytes.Say("scope: user"))
		Expect(backend.Calls()).To(BeEmpty())
	})
	It("needs a terminal", func() {
		got := hal("login")
		Expect(got.code).To(Equal(exitUsage))
		Expect(got.err).To(ContainSubstring("a login is between Claude Code and you"))
		Expect(hal("login", "a", "b").code).To(Equal(exitUsage))
	})
})
