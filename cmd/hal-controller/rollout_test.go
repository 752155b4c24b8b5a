package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/spec"
)

var _ = DescribeTable("The stage of a rollout",
	func(conditions []spec.Condition, want stage) {
		p := poolAt(2, conditions...)
		Expect(rolloutStage(&p, 2)).To(Equal(want))
	},
	Entry("is done when all is as declared", settled3(), stage{line: "rolled out", done: true}),
	Entry("is how many workers are of the new revision", rollingOut("2 of 3 workers are of revision abc"), stage{line: "2 of 3 workers are of revision abc"}),
	Entry("is what is missing while it comes up", below("1 of 3 warm workers ready"), stage{line: "1 of 3 warm workers ready"}),
	Entry("is that the engine is away", []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionUnknown, spec.ReasonEngineUnavailable, "no answer"),
		condition(spec.ConditionProgressing, spec.ConditionUnknown, spec.ReasonEngineUnavailable, "no answer"),
	}, stage{line: "no answer"}),
	Entry("is what goes while it shrinks", []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionTrue, spec.ReasonMinimumWarm, "3 of 3 warm workers ready"),
		condition(spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonScalingDown, "2 workers on the way down"),
	}, stage{line: "2 workers on the way down"}),
	Entry("has failed when it is paused", notProgressing(spec.ReasonRolloutPaused, "held"), stage{line: "held", failed: true}),
	Entry("has failed when it was rolled back", notProgressing(spec.ReasonRolledBack, "back"), stage{line: "back", failed: true}),
	Entry("has failed at its deadline", notProgressing(spec.ReasonProgressDeadlineExceeded, "late"), stage{line: "late", failed: true}),
	Entry("has failed when the pool is suspended", notProgressing(spec.ReasonSuspended, "suspended"), stage{line: "suspended", failed: true}),
)

var _ = Describe("The stage of a pool that has not been looked at", func() {
	It("is about no manifest", func() {
		Expect(rolloutStage(&spec.Pool{}, 0)).To(Equal(stage{line: "waiting for the controller to look at it"}))
	})
	It("is about another manifest before the generation is observed", func() {
		p := poolAt(1, settled3()...)
		Expect(rolloutStage(&p, 2)).To(Equal(stage{line: "waiting for generation 2 to be in force"}))
	})
})

var _ = Describe("rollout status", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetPools(poolAt(1, settled3()...))
		serving(daemon)
	})

	It("ends at once when there is nothing to wait for", func() {
		Expect(hal("rollout", "status", "dev")).To(Equal(outcome{out: "pool/dev rolled out\n"}))
	})
	It("prints a line for each change to the end", func() {
		daemon.SetPools(poolAt(1, rollingOut("1 of 3 workers are of revision abc")...))
		done := make(chan outcome)
		go func() {
			defer GinkgoRecover()
			done <- hal("rollout", "status", "dev")
		}()
		Consistently(done, "300ms").ShouldNot(Receive())
		daemon.SetPools(poolAt(1, settled3()...))
		Eventually(done, "5s").Should(Receive(Equal(outcome{out: "pool/dev: 1 of 3 workers are of revision abc\npool/dev rolled out\n"})))
	})
	It("ends with 1 when the rollout is paused", func() {
		daemon.SetPools(poolAt(1, notProgressing(spec.ReasonRolloutPaused, "rollout paused by hand")...))
		Expect(hal("rollout", "status", "dev")).To(Equal(outcome{code: exitNo, err: "hal-controller: pool/dev: rollout paused by hand\n"}))
	})
	It("ends with 3 when time is out", func() {
		daemon.SetPools(poolAt(1, rollingOut("1 of 3 workers are of revision abc")...))
		result := hal("rollout", "status", "dev", "--timeout", "100ms")
		Expect(result.err).To(Equal("hal-controller: the end of the rollout of pool/dev has not come within 100ms: pool/dev: 1 of 3 workers are of revision abc\n"))
		Expect(result.code).To(Equal(exitTimeout))
	})
	It("ends with 1 when the pool is deleted meanwhile", func() {
		daemon.SetPools(poolAt(1, rollingOut("1 of 3 workers are of revision abc")...))
		done := make(chan outcome)
		go func() {
			defer GinkgoRecover()
			done <- hal("rollout", "status", "dev")
		}()
		Consistently(done, "300ms").ShouldNot(Receive())
		daemon.SetPools()
		var result outcome
		Eventually(done, "5s").Should(Receive(&result))
		Expect(result.err).To(Equal("hal-controller: pool/dev has been deleted\n"))
		Expect(result.code).To(Equal(exitNo))
	})
	It("does not wait where it is asked not to", func() {
		daemon.SetPools(poolAt(1, rollingOut("1 of 3 workers are of revision abc")...))
		Expect(hal("rollout", "status", "dev", "--watch=false")).To(Equal(outcome{out: "pool/dev: 1 of 3 workers are of revision abc\n"}))
	})
	It("ends with 1 for a pool that there is not", func() {
		Expect(hal("rollout", "status", "dav")).To(Equal(outcome{code: exitNo, err: "hal-controller: no pool \"dav\": did you mean \"dev\"?\n"}))
	})
})
