package main

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
)

// own is a claim of whoever runs the specs.
func own(name string) api.Claim {
	return api.Claim{Name: name, Pool: "dev", User: ownName(), Phase: "Bound"}
}

var _ = Describe("send", func() {
	var sent chan string
	BeforeEach(func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"), readyPool("ci"))
		backend.SetClaims(own("amy"), own("bob"), own("carl"), api.Claim{Name: "ci", Pool: "ci", User: ownName(), Phase: "Bound"},
			api.Claim{Name: "leaving", Pool: "dev", User: ownName(), Phase: "Releasing"})
		sent = make(chan string, 10)
		backend.OnSession(func(_ context.Context, claim string, p *fakeruntime.Process) int {
			switch claim {
			case "bob":
				return noSession
			case "dora":
				fmt.Fprintln(p.Stderr, "it is broken")
				return 1
			}
			sent <- claim + ": " + p.Spec.Command[len(p.Spec.Command)-1]
			return 0
		})
		serving(backend)
	})

	It("types into the session of one", func() {
		Expect(hal("send", "amy", "run", "it's  tests")).To(Equal(outcome{out: "sent to amy\n"}))
		Expect(sent).To(Receive(Equal("amy: run it's  tests")))
	})

	It("says that there is none to type into", func() {
		got := hal("send", "bob", "x")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(ContainSubstring("hal attach bob"))
	})

	It("types into those of a pool that are there, and says into how many", func() {
		Expect(hal("send", "--all", "pool/dev", "stop")).To(Equal(outcome{out: "sent to 2 of pool/dev\n"}))
		Expect([]string{<-sent, <-sent}).To(ConsistOf("amy: stop", "carl: stop"))
	})

	It("goes on when one fails, and ends with no", func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"))
		backend.SetClaims(own("dora"), own("amy"))
		backend.OnSession(func(_ context.Context, claim string, p *fakeruntime.Process) int {
			if claim == "dora" {
				fmt.Fprintln(p.Stderr, "it is broken")
				return 1
			}
			return 0
		})
		GinkgoT().Setenv("HAL_SOCKET", GinkgoT().TempDir()+"/other.sock")
		serving(backend)
		Expect(hal("send", "--all", "dev", "stop")).To(Equal(outcome{
			out: "sent to 1 of pool/dev\n", err: "hal-controller: send to dora: it is broken\n", code: exitNo,
		}))
	})

	It("wants somebody and something", func() {
		Expect(hal("send", "amy").code).To(Equal(exitUsage))
		Expect(hal("send", "--all", "deb", "x").err).To(ContainSubstring(`no pool "deb": did you mean "dev"?`))
	})
})
