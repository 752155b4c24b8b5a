package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
)

var _ = Describe("exec --claim-new", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(readyPool("dev"))
		backend.OnSession(onHost(GinkgoT().TempDir()))
		serving(backend)
	})

	It("claims, runs and releases, and ends as the command does", func() {
		dir := GinkgoT().TempDir()
		got := halReading(strings.NewReader("hello"), "exec", "--claim-new", "dev", "--name", "one", "--project", dir, "--", "sh", "-c", "cat; exit 7")
		Expect(got).To(Equal(outcome{out: "hello", code: 7}))
		Expect(backend.Calls()).To(Equal([]string{"claim dev one " + dir, "release one recorded"}))
	})
	It("makes up a name", func() {
		Expect(hal("exec", "--claim-new", "pool/dev", "--", "true")).To(Equal(outcome{}))
		Expect(backend.Calls()).To(HaveExactElements(MatchRegexp("^claim dev c[a-z0-9]{7} $"), MatchRegexp("^release c[a-z0-9]{7} recorded$")))
	})
	It("never takes a claim that is there: it would end with the command", func() {
		backend.SetClaims(api.Claim{Name: "one", Pool: "dev"})
		got := hal("exec", "--claim-new", "dev", "--name", "one", "--", "true")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(ContainSubstring(`there is a claim "one" already`))
		Expect(backend.Claims()).To(HaveLen(1))
	})
	It("releases where the command cannot be run", func() {
		backend.OnSession(nil)
		Expect(hal("exec", "--claim-new", "dev", "--", "true").code).To(Equal(exitNo))
		Expect(backend.Claims()).To(BeEmpty())
	})

	DescribeTable("releases on a signal, that the command gets first",
		func(signal syscall.Signal, name string) {
			backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
				p.Catch(name)
				fmt.Fprintln(p.Stdout, "ready")
				Expect(<-p.Signals).To(Equal(name))
				return 9
			})
			out, ended := gbytes.NewBuffer(), make(chan int, 1)
			go func() {
				ended <- (&app{in: strings.NewReader(""), out: out, errOut: io.Discard}).main(context.Background(), []string{"exec", "--claim-new", "dev", "--", "x"})
			}()
			Eventually(out).Should(gbytes.Say("ready"))
			Expect(syscall.Kill(os.Getpid(), signal)).To(Succeed())
			Eventually(ended).Should(Receive(Equal(9)))
			Expect(backend.Claims()).To(BeEmpty())
		},
		Entry("HUP", syscall.SIGHUP, "HUP"),
		Entry("QUIT", syscall.SIGQUIT, "QUIT"),
	)

	It("runs nothing when it was interrupted before, and releases", func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		a := &app{errOut: io.Discard}
		backend.SetClaims(api.Claim{Name: "one", Pool: "dev"})
		err := a.lend(ctx, api.Claim{Name: "one"}, a.giveBack, func() error { panic("it runs") })
		Expect(err).To(MatchError("interrupted"))
		Expect(backend.Claims()).To(BeEmpty())
	})
	It("says when the worker is still there", func() {
		errOut := gbytes.NewBuffer()
		a := &app{errOut: errOut}
		backend.Fail(&api.Error{Code: api.CodeRefused, Message: "disk full"})
		Expect(a.lend(context.Background(), api.Claim{Name: "one"}, a.giveBack, func() error { return nil })).To(Succeed())
		Expect(errOut).To(gbytes.Say(`disk full; claim one is still there: 'hal release one' gives it back`))
	})
	It("leaves the claim with the detach keys, and says so", func() {
		errOut := gbytes.NewBuffer()
		Expect((&app{errOut: errOut}).lend(context.Background(), api.Claim{Name: "one"}, nil, func() error { return api.ErrDetached })).To(Succeed())
		Expect(errOut).To(gbytes.Say(`goes on in the worker of one; 'hal release one' gives it back`))
		Expect(backend.Calls()).To(BeEmpty())
	})

	DescribeTable("says what is wrong, and claims nothing",
		func(message string, args ...string) {
			got := hal(append([]string{"exec"}, args...)...)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring(message))
			Expect(backend.Calls()).To(BeEmpty())
		},
		Entry("no command", "say what to run", "--claim-new", "dev"),
		Entry("a claim, too", "--claim-new makes the claim", "--claim-new", "dev", "fix", "--", "ls"),
		Entry("a command without --", "put the command behind --", "--claim-new", "dev", "ls"),
		Entry("no pool", "is no name of a pool", "--claim-new", "", "--", "ls"),
		Entry("no name", "--name:", "--claim-new", "dev", "--name", "A", "--", "ls"),
		Entry("no terminal", "leave out -t", "--claim-new", "dev", "-t", "--", "ls"),
		Entry("what is about a new claim with one that is there", "--ttl is about a new claim", "fix", "--ttl", "1h", "--", "ls"),
	)
})

var _ = Describe("the name of a fresh claim", func() {
	var n naming
	exists := func(name string) bool { return name == "there" }
	begin := func(name string, fresh bool) (func(), error) {
		return n.begin(api.ClaimRequest{Name: name, Fresh: fresh}, exists)
	}
	taken := MatchError(&api.Error{Code: api.CodeTaken, Message: `there is a claim "x" already: choose another name, or release it first`})

	BeforeEach(func() { n = naming{} })

	It("is refused where a claim has it", func() {
		_, err := begin("there", true)
		Expect(err).To(HaveOccurred())
		_, err = begin("there", false)
		Expect(err).NotTo(HaveOccurred())
	})
	It("is refused while a claim for it is on its way, fresh or not", func() {
		for _, fresh := range []bool{true, false} {
			done, err := begin("x", fresh)
			Expect(err).NotTo(HaveOccurred())
			_, err = begin("x", true)
			Expect(err).To(taken)
			done()
			done, err = begin("x", true)
			Expect(err).NotTo(HaveOccurred())
			done()
		}
	})
	It("is refused until the last of several has come", func() {
		first, _ := begin("x", false)
		second, _ := begin("x", false)
		first()
		_, err := begin("x", true)
		Expect(err).To(taken)
		second()
		Expect(n.under).To(BeEmpty())
	})
})
