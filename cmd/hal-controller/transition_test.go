package main

import (
	"bytes"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// worldWith is pool dev with these workers.
func worldWith(workers ...spec.ContainerStatus) []spec.Pool {
	p := poolAt(1, settled3()...)
	p.Status.Workers = workers
	return []spec.Pool{p}
}

func container(name, phase string) spec.ContainerStatus {
	return spec.ContainerStatus{ID: "id of " + name, Name: name, Phase: phase}
}

var _ = DescribeTable("The transitions from one state of the pools to another",
	func(old, now []spec.Pool, want ...string) {
		got := []string{}
		for _, t := range transitions(old, now) {
			got = append(got, t.String())
		}
		Expect(got).To(HaveExactElements(want))
	},
	Entry("are none where nothing changed", worldWith(container("hal-dev-0", "Ready")), worldWith(container("hal-dev-0", "Ready"))),
	Entry("are a container that changed its phase",
		worldWith(container("hal-dev-0", "Starting"), container("hal-dev-1", "Ready")),
		worldWith(container("hal-dev-0", "Ready"), container("hal-dev-1", "Ready")),
		"pool/dev hal-dev-0 Ready"),
	Entry("have what a phase is due to",
		worldWith(container("hal-dev-0", "Ready")),
		worldWith(spec.ContainerStatus{ID: "id of hal-dev-0", Name: "hal-dev-0", Phase: "Failed", Message: "exited with 1"}),
		"pool/dev hal-dev-0 Failed: exited with 1"),
	Entry("are a container that is gone", worldWith(container("hal-dev-0", "Ready")), worldWith(), "pool/dev hal-dev-0 Removed"),
	Entry("are a container that took the name of another",
		worldWith(container("hal-dev-0", "Ready")),
		worldWith(spec.ContainerStatus{ID: "other", Name: "hal-dev-0", Phase: "Ready"}),
		"pool/dev hal-dev-0 Removed", "pool/dev hal-dev-0 Ready"),
	Entry("are a container that was claimed, under its new name only",
		worldWith(container("hal-dev-0", "Ready")),
		worldWith(spec.ContainerStatus{ID: "id of hal-dev-0", Name: "hal-dev-0.alice", Phase: "Claimed"}),
		"pool/dev hal-dev-0.alice Claimed"),
	Entry("are a container that was given its name back",
		worldWith(spec.ContainerStatus{ID: "1", Name: "odd", Phase: "Ready"}),
		worldWith(spec.ContainerStatus{ID: "1", Name: "hal-dev-0", Phase: "Ready"}),
		"pool/dev hal-dev-0 Ready"),
	Entry("are services too",
		worldWith(),
		func() []spec.Pool {
			pools := worldWith()
			pools[0].Status.Services = []spec.ContainerStatus{container("hal-dev-parent", "Ready")}
			return pools
		}(),
		"pool/dev hal-dev-parent Ready"),
	Entry("are a condition with another status or reason",
		[]spec.Pool{poolAt(1, below("1 of 3 warm workers ready")...)},
		[]spec.Pool{poolAt(1, settled3()...)},
		"pool/dev Ready=True MinimumWarm: 3 of 3 warm workers ready", "pool/dev Progressing=False Converged: the engine is as declared"),
	Entry("are no condition with another message alone",
		[]spec.Pool{poolAt(1, below("1 of 3 warm workers ready")...)},
		[]spec.Pool{poolAt(1, below("2 of 3 warm workers ready")...)}),
	Entry("are all there is of a pool seen for the first time, but for what anyone expects",
		nil,
		[]spec.Pool{poolAt(1,
			condition(spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, "0 of 3 warm workers ready"),
			condition(spec.ConditionDegraded, spec.ConditionFalse, spec.ReasonHealthy, "nothing is wrong"),
			condition(spec.ConditionManifestValid, spec.ConditionTrue, spec.ReasonManifestLoaded, "generation 1 is in force"))},
		"pool/dev Ready=False BelowMinimum: 0 of 3 warm workers ready"),
	Entry("are a pool that is gone, after its containers",
		worldWith(container("hal-dev-0", "Ready")), nil, "pool/dev hal-dev-0 Removed", "pool/dev Removed"),
	Entry("are none for a pool that nobody has looked at", nil, []spec.Pool{{Metadata: spec.Metadata{Name: "dev"}}}),
	Entry("keep what a container wrote from steering the terminal",
		worldWith(),
		worldWith(spec.ContainerStatus{ID: "1", Name: "hal-dev-0", Phase: "Failed", Message: "\x1b[2Jboo\r\n"}),
		"pool/dev hal-dev-0 Failed:  [2Jboo  "),
)

var _ = Describe("The progress display", func() {
	var out bytes.Buffer
	BeforeEach(func() { out.Reset() })
	show := func(mode string, worlds ...[]spec.Pool) string {
		GinkgoHelper()
		p, err := newProgress(mode, &out)
		Expect(err).NotTo(HaveOccurred())
		for _, world := range worlds {
			p.Update(world)
		}
		p.Done()
		return out.String()
	}
	starting, ready := worldWith(container("hal-dev-0", "Starting")), worldWith(container("hal-dev-0", "Ready"))

	It("prints a line for each transition, once", func() {
		Expect(show("plain", starting, starting, ready)).To(MatchRegexp(lines(
			`^\d\d:\d\d:\d\d pool/dev hal-dev-0 Starting`,
			`\d\d:\d\d:\d\d pool/dev Ready=True MinimumWarm: 3 of 3 warm workers ready`,
			`\d\d:\d\d:\d\d pool/dev Progressing=False Converged: the engine is as declared`,
			`\d\d:\d\d:\d\d pool/dev hal-dev-0 Ready`) + "$"))
	})
	It("prints one JSON object a line for a program", func() {
		at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
		log := &transitionLog{now: func() time.Time { return at }, print: jsonLines(&out)}
		log.Update(starting)
		Expect(out.String()).To(Equal(lines(
			`{"time":"2026-01-02T12:00:00Z","pool":"dev","container":"hal-dev-0","phase":"Starting"}`,
			`{"time":"2026-01-02T12:00:00Z","pool":"dev","condition":"Ready","status":"True","reason":"MinimumWarm","message":"3 of 3 warm workers ready"}`,
			`{"time":"2026-01-02T12:00:00Z","pool":"dev","condition":"Progressing","status":"False","reason":"Converged","message":"the engine is as declared"}`)))
	})
	It("prints nothing when it should be quiet", func() {
		Expect(show("quiet", starting, ready)).To(BeEmpty())
	})
	It("is plain by itself where no terminal is", func() {
		Expect(show("auto", ready)).To(ContainSubstring("pool/dev hal-dev-0 Ready\n"))
	})
})

var _ = DescribeTable("A terminal is one that a person watches",
	func(name, value string, watched bool) {
		GinkgoT().Setenv("CI", "")
		GinkgoT().Setenv("TERM", "xterm")
		GinkgoT().Setenv(name, value)
		Expect(unattended()).To(Equal(!watched))
	},
	Entry("by itself", "TERM", "xterm", true),
	Entry("not where it cannot move its cursor", "TERM", "dumb", false),
	Entry("not in CI", "CI", "true", false),
	Entry("where CI says that it is none", "CI", "false", true),
)
