package main

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

var _ = Describe("the causes of a pool not being as declared", func() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	failed := func(ago time.Duration, object, message string) reconcile.Event {
		return reconcile.Event{Time: now.Add(-ago), Pool: "dev", Type: reconcile.EventWarning, Reason: "Failed", Object: object, Message: message}
	}
	// below makes a pool lack a worker.
	below := func(p *spec.Pool, waiting ...spec.Waiting) {
		p.Status.Ready = 1
		p.Status.Workers = p.Status.Workers[:1]
		p.Status.Waiting = waiting
		setCondition(p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, "1 of 2 warm workers ready")
		setCondition(p, spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonReplenishing, "1 of 2 warm workers ready, 0 on the way up")
	}

	DescribeTable("are told from the effect down",
		func(change func(*spec.Pool), events []reconcile.Event, want string) {
			p := readyPool("dev")
			change(&p)
			Expect(strings.Join(causes(p, events, now), "\n")).To(Equal(strings.TrimSpace(want)))
		},
		Entry("none, when it is", func(*spec.Pool) {}, nil, ``),
		Entry("none, when it is suspended and has all it needs", func(p *spec.Pool) {
			p.Status.Waiting = []spec.Waiting{{Object: "pool/dev", Reason: spec.ReasonSuspended, Message: "suspended: nothing is created"}}
			setCondition(p, spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonSuspended, "suspended: nothing is created")
		}, nil, ``),
		Entry("no look yet", func(p *spec.Pool) { p.Status = nil }, nil, `
pool/dev has not been looked at yet: the controller has just started, or is busy`),
		Entry("an engine that is gone, and nothing that was known before", func(p *spec.Pool) {
			below(p)
			setCondition(p, spec.ConditionReady, spec.ConditionUnknown, spec.ReasonEngineUnavailable, "dial: no such file")
			setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonEngineUnavailable, "dial: no such file")
		}, nil, `
pool/dev cannot be seen: the engine does not answer
  dial: no such file
    it is asked again twice a second; nothing is decided meanwhile`),
		Entry("workers that keep failing, with the time of the next attempt", func(p *spec.Pool) {
			message := `workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"`
			below(p, spec.Waiting{Object: "hal-dev-1", Reason: spec.ReasonCrashLoop, Message: message, Until: now.Add(72 * time.Second)})
			setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonCrashLoop, message)
		}, []reconcile.Event{failed(8*time.Second, "hal-dev-1", "exited with code 1: no such file")}, `
pool/dev is not ready: 1 of 2 warm workers ready
  because workers failed 4 times in a row; the last, hal-dev-1 exited with code 1: "no such file"
    next attempt in 72s, at 12:01:12`),
		Entry("an image that is not there, which only a change can mend", func(p *spec.Pool) {
			message := "image hal/worker is not on the engine: build or pull it"
			below(p, spec.Waiting{Object: "hal-dev-1", Reason: spec.ReasonImageMissing, Message: message})
			setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonImageMissing, message)
		}, nil, `
pool/dev is not ready: 1 of 2 warm workers ready
  because image hal/worker is not on the engine: build or pull it
    no attempt until that changes`),
		Entry("a service that is down, with what is done about it", func(p *spec.Pool) {
			below(p, spec.Waiting{Object: "hal-dev-parent", Reason: spec.ReasonCrashLoop, Message: "hal-dev-parent failed twice: exited with code 3", Until: now.Add(time.Second)})
			p.Status.Services[1].Phase, p.Status.Services[1].Message = "Failed", "exited with code 3"
			setCondition(p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonSharedServiceUnhealthy, "hal-dev-parent is failed: exited with code 3")
			setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonSharedServiceUnhealthy, "hal-dev-parent is failed: exited with code 3")
		}, []reconcile.Event{failed(2*time.Second, "hal-dev-parent", "exited with code 3: address in use")}, `
pool/dev is not ready: 1 of 2 warm workers ready
  because hal-dev-parent, which the workers share, is down: exited with code 3
    hal-dev-parent failed twice: exited with code 3
    next attempt in 1s, at 12:00:01
  the last failure was 2s ago: hal-dev-parent: exited with code 3: address in use`),
		Entry("a service that does not exist yet", func(p *spec.Pool) {
			below(p)
			p.Status.Services = nil
			setCondition(p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonSharedServiceUnhealthy, "a shared service does not exist yet")
		}, nil, `
pool/dev is not ready: 1 of 2 warm workers ready
  because a shared service does not exist yet`),
		Entry("workers on their way up", func(p *spec.Pool) {
			below(p)
			p.Status.Workers = append(p.Status.Workers, spec.ContainerStatus{Name: "hal-dev-1", Phase: "Starting", Message: "warming up"}, spec.ContainerStatus{Name: "hal-dev-3", Phase: "Creating"})
		}, nil, `
pool/dev is not ready: 1 of 2 warm workers ready
  because hal-dev-1 is starting: warming up
  because hal-dev-3 is being created`),
		Entry("nothing but time, when nothing else is known", func(p *spec.Pool) { below(p) }, nil, `
pool/dev is not ready: 1 of 2 warm workers ready
  because 1 of 2 warm workers ready, 0 on the way up`),
		Entry("an edit that is not in force, though all works", func(p *spec.Pool) {
			setCondition(p, spec.ConditionManifestValid, spec.ConditionFalse, spec.ReasonManifestInvalid, "pool.yaml:3:1: unknown field\n; generation 1 stays in force")
		}, nil, `
pool/dev works, and is not all as declared: 2 of 2 warm workers ready
  because its manifest has been edited, and the edit is not in force: pool.yaml:3:1: unknown field ; generation 1 stays in force`),
		Entry("a rollout that stands still", func(p *spec.Pool) {
			setCondition(p, spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonRolloutPaused, "rollout paused by hand; resume it with: rollout resume dev")
		}, nil, `
pool/dev works, and is not all as declared: 2 of 2 warm workers ready
  because rollout paused by hand; resume it with: rollout resume dev`),
		Entry("a rollout that has failed, with the way on and the last output", func(p *spec.Pool) {
			p.Status.Workers = append(p.Status.Workers, spec.ContainerStatus{Name: "hal-dev-3", Phase: "Failed", Message: "exited with code 3"})
			message := "2 workers of revision fff failed; the last, hal-dev-3 exited with code 3"
			setCondition(p, spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonRolloutPaused, "rollout to revision fff paused: "+message)
			setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonRolloutPaused, message)
		}, []reconcile.Event{failed(8*time.Second, "hal-dev-3", "exited with code 3: cannot open config")}, `
pool/dev works, and is not all as declared: 2 of 2 warm workers ready
  because rollout to revision fff paused: 2 workers of revision fff failed; the last, hal-dev-3 exited with code 3
    it goes on when the manifest changes, or with: hal-controller rollout resume dev
  failed, and kept for a look at it: hal-dev-3
  the last failure was 8s ago: hal-dev-3: exited with code 3: cannot open config`),
		Entry("claims that hold up its end", func(p *spec.Pool) {
			p.Status.Waiting = []spec.Waiting{{Object: "pool/dev", Reason: spec.ReasonBlockedByClaims, Message: "the pool goes when 1 claim is released: fix-bug"}}
			setCondition(p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonDraining, "the pool is deleted")
			setCondition(p, spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonBlockedByClaims, "the pool goes when 1 claim is released: fix-bug")
		}, nil, `
pool/dev is being taken down
  because the pool goes when 1 claim is released: fix-bug
    no attempt until that changes`),
	)
})

var _ = Describe("why", func() {
	It("ends with yes where nothing is wrong, and with no where something is", func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"), brokenPool("ci"))
		serving(backend)
		Expect(hal("why", "pool/dev")).To(Equal(outcome{out: "pool/dev is as declared: 2 of 2 warm workers ready\n"}))
		got := hal("why", "ci")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(BeEmpty())
		Expect(got.out).To(MatchRegexp(`pool/ci is not ready: 1 of 2 warm workers ready\n  because workers failed 4 times .*\n    next attempt in 90m, at \d\d:\d\d:\d\d\n`))
	})

	It("needs a daemon, and says how to start one", func() {
		got := hal("why", "dev")
		Expect(got.code).To(Equal(exitUnavailable))
		Expect(got.err).To(ContainSubstring("start one with: hal-controller run -f"))
	})
})
