package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
)

var _ = Describe("events", func() {
	var backend *fake.Backend
	event := func(pool, kind, reason, object string) reconcile.Event {
		return reconcile.Event{Time: hoursAgo(1), Pool: pool, Type: kind, Reason: reason, Object: object, Message: "as declared"}
	}
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(readyPool("dev"), readyPool("ci"), readyPool("idle"))
		backend.Events().Add(event("dev", reconcile.EventNormal, "Create", "hal-dev-0"))
		backend.Events().Add(event("ci", reconcile.EventNormal, "Create", "hal-ci-0"))
		backend.Events().Add(event("dev", reconcile.EventWarning, "Failed", "hal-dev-1"))
		serving(backend)
	})

	DescribeTable("prints those asked for, the latest last",
		func(args, want string) {
			Expect(hal(strings.Fields("events " + args)...)).To(Equal(outcome{out: strings.TrimPrefix(want, "\n")}))
		},
		Entry("all", "", `
AGE   TYPE      REASON   OBJECT      MESSAGE
60m   Normal    Create   hal-dev-0   as declared
60m   Normal    Create   hal-ci-0    as declared
60m   Warning   Failed   hal-dev-1   as declared
`),
		Entry("of a pool", "--for pool/dev --no-headers", `
60m   Normal    Create   hal-dev-0   as declared
60m   Warning   Failed   hal-dev-1   as declared
`),
		Entry("of a worker", "--for worker/hal-dev-1 --no-headers", `
60m   Warning   Failed   hal-dev-1   as declared
`),
		Entry("of a type", "--for dev --types warning --no-headers", `
60m   Warning   Failed   hal-dev-1   as declared
`),
	)

	It("prints JSON, a line each", func() {
		got := hal("events", "--for", "ci", "-o", "json")
		Expect(strings.Count(got.out, "\n")).To(Equal(1))
		Expect(got.out).To(ContainSubstring(`"pool":"ci","type":"Normal","reason":"Create","object":"hal-ci-0"`))
	})

	It("says so where nothing has happened", func() {
		Expect(hal("events", "--for", "pool/idle")).To(Equal(outcome{err: "no events found\n"}))
	})

	It("goes on with -w, in line, and without repeating any", func() {
		out := gbytes.NewBuffer()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan int, 1)
		go func() {
			ended <- (&app{in: strings.NewReader(""), out: out, errOut: &bytes.Buffer{}}).main(ctx, []string{"events", "--for", "pool/dev", "-w"})
		}()
		Eventually(out).Should(gbytes.Say("hal-dev-1   as declared\n"))
		another := event("dev", reconcile.EventNormal, "Stop", "hal-dev-0")
		another.Time = time.Now()
		backend.Events().Add(event("ci", reconcile.EventNormal, "Stop", "hal-ci-0"))
		backend.Events().Add(another)
		Eventually(out).Should(gbytes.Say(`^\ds    Normal    Stop     hal-dev-0   as declared\n`))
		cancel()
		Eventually(ended).Should(Receive(Equal(exitYes)))
	})

	DescribeTable("says what is wrong",
		func(args string, code int, message string) {
			got := hal(strings.Fields("events " + args)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("an unknown pool", "--for pool/deb", exitNo, `no pool "deb": did you mean "dev"?`),
		Entry("an unknown kind", "--for claim/x", exitUsage, `no kind of thing called "claim"`),
		Entry("an unknown type", "--types Warn", exitUsage, `did you mean "Warning"?`),
		Entry("an argument", "dev", exitUsage, "takes no arguments"),
	)
})
