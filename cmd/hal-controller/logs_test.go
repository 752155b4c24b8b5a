package main

import (
	"bytes"
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api/fake"
)

var _ = Describe("logs", func() {
	BeforeEach(func() {
		backend := &fake.Backend{}
		p := readyPool("dev")
		p.Status.Workers = p.Status.Workers[:2]
		backend.SetPools(p)
		backend.SetLogs("hal-dev-0", "one\ntwo\n")
		backend.SetLogs("hal-dev-1", strings.Repeat("again\n", 20)+"without an end")
		backend.SetLogs("hal-dev-parent", "listening\n")
		serving(backend)
	})

	DescribeTable("prints output as it is",
		func(args, want string) {
			Expect(hal(strings.Fields("logs " + args)...)).To(Equal(outcome{out: want}))
		},
		Entry("of a container", "hal-dev-0", "one\ntwo\n"),
		Entry("of a worker", "worker/hal-dev-0", "one\ntwo\n"),
		Entry("of a service", "svc/hal-dev-parent", "listening\n"),
		Entry("the last lines of it", "hal-dev-0 --tail 1", "two\n"),
		Entry("none of it", "hal-dev-0 --tail 0", ""),
	)

	DescribeTable("prints the last lines of a pool's containers, each behind its name",
		func(argument string) {
			Expect(hal("logs", argument, "--tail", "2")).To(Equal(outcome{out: "" +
				"[hal-dev-parent] listening\n" +
				"[hal-dev-0] one\n[hal-dev-0] two\n" +
				"[hal-dev-1] again\n[hal-dev-1] without an end\n"}))
		},
		Entry("with its kind", "pool/dev"),
		Entry("without it", "dev"),
	)

	It("prints the output of a claim's worker", func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"))
		backend.SetLogs("hal-dev-2.fix-bug", "claimed\n")
		GinkgoT().Setenv("HAL_SOCKET", GinkgoT().TempDir()+"/other.sock")
		serving(backend)
		Expect(hal("logs", "fix-bug")).To(Equal(outcome{out: "claimed\n"}))
	})

	It("prints ten lines of each container where nothing else is said", func() {
		Expect(strings.Count(hal("logs", "pool/dev").out, "[hal-dev-1]")).To(Equal(10))
	})

	It("follows all containers of a pool at the same time", func() {
		out := gbytes.NewBuffer()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan int, 1)
		go func() {
			ended <- (&app{in: strings.NewReader(""), out: out, errOut: &bytes.Buffer{}}).main(ctx, []string{"logs", "pool/dev", "-f"})
		}()
		Eventually(func() string { return string(out.Contents()) }).Should(And(
			ContainSubstring("[hal-dev-0] two\n"), ContainSubstring("[hal-dev-1] again\n"), ContainSubstring("[hal-dev-parent] listening\n")))
		cancel()
		Eventually(ended).Should(Receive(Equal(exitYes)))
	})

	DescribeTable("says what is wrong",
		func(args string, code int, message string) {
			got := hal(strings.Fields("logs " + args)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("nothing asked for", "", exitUsage, "say whose output"),
		Entry("an unknown container", "hal-dev-9", exitNo, "hal-dev-9"),
		Entry("an unknown pool", "pool/deb", exitNo, `no pool "deb": did you mean "dev"?`),
		Entry("what has no output", "volume/hal-dev-cache", exitUsage, "has no output"),
		Entry("no number", "hal-dev-0 --tail all", exitUsage, "--tail"),
	)
})
