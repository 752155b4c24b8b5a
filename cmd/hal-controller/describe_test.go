package main

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
)

var _ = Describe("describe", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(brokenPool("dev"))
		backend.Events().Add(reconcile.Event{Time: hoursAgo(1), Pool: "dev", Type: reconcile.EventNormal, Reason: "Create", Object: "hal-dev-0", Message: "not found"})
		backend.Events().Add(reconcile.Event{Time: hoursAgo(1), Pool: "dev", Type: reconcile.EventWarning, Reason: "Failed", Object: "hal-dev-1", Message: "exited with code 1"})
		serving(backend)
	})

	It("sums up a pool: what is declared, how it is, and what has happened", func() {
		Expect(hal("describe", "pool/dev")).To(Equal(outcome{out: strings.TrimPrefix(`
Name:          dev
Network:       shared
Parent:        hal/parent, cpu 2, memory 2Gi, pids 200
Workers:       2 warm, max 12, on empty cold
Image:         hal/worker
Limits:        cpu 2, memory 4Gi, pids 100
Update:        maxUnavailable 20%, maxSurge 1, minReady 2s, onFailure pause
Source:        pool.yaml
Generation:    1
Revision:      abc123
Status:        CrashLoop: workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"
Counts:        1 ready, 1 claimed, 0 creating, 0 terminating, 0 failed, 1 updated
Conditions:
  TYPE            STATUS   REASON         SINCE   MESSAGE
  Ready           False    BelowMinimum   120m    1 of 2 warm workers ready; workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"
  Progressing     True     Replenishing   120m    1 of 2 warm workers ready, 0 on the way up
  Degraded        True     CrashLoop      120m    workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"
  ManifestValid   True     Loaded         120m    generation 1 is in force
Workers:
  NAME        POOL   PHASE   CLAIM   REVISION   AGE   MESSAGE
  hal-dev-0   dev    Ready   -       abc123     4h    -
Services:
  NAME              POOL   ROLE      PHASE   AGE   MESSAGE
  hal-dev-sandbox   dev    sandbox   Ready   6h    -
  hal-dev-parent    dev    parent    Ready   6h    -
Volumes:
  NAME            POOL   VOLUME   RECLAIM   EXISTS
  hal-dev-cache   dev    cache    Retain    true
Waiting:
  OBJECT      REASON      NEXT TRY   MESSAGE
  hal-dev-1   CrashLoop   in 90m     workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"
Events:
  AGE   TYPE      REASON   OBJECT      MESSAGE
  60m   Normal    Create   hal-dev-0   not found
  60m   Warning   Failed   hal-dev-1   exited with code 1
`, "\n")}))
	})

	It("shows a worker with its own events", func() {
		want := `
Name:          hal-dev-0
Pool:          dev
Phase:         Ready
Revision:      abc123
Age:           4h \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)
Image:         hal/worker
ID:            w0
Events:
  AGE   TYPE     REASON   OBJECT      MESSAGE
  60m   Normal   Create   hal-dev-0   not found
`
		for _, args := range []string{"worker/hal-dev-0", "worker hal-dev-0", "hal-dev-0"} {
			got := hal(append([]string{"describe"}, strings.Fields(args)...)...)
			Expect(got.err).To(BeEmpty())
			Expect("\n" + got.out).To(MatchRegexp("^" + want + "$"))
		}
	})

	DescribeTable("says what is wrong",
		func(args string, code int, message string) {
			got := hal(strings.Fields("describe " + args)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("nothing asked for", "", exitUsage, "say what"),
		Entry("a name that nothing has", "deb", exitNo, `no pool "deb": did you mean "dev"?`),
		Entry("an unknown kind", "wroker/hal-dev-0", exitUsage, `did you mean "worker"?`),
	)
})
