package main

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("apply", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		serving(daemon)
	})

	It("passes the manifest on as it is written, and says what became of it", func() {
		text := "# my pool\n" + devPool
		Expect(hal("apply", "-f", manifest(text))).To(Equal(outcome{out: "pool/dev created\n"}))
		Expect(daemon.Calls()).To(Equal([]string{"apply dryRun=false " + text}))
	})
	It("reads standard input", func() {
		Expect(halReading(strings.NewReader(devPool), "apply", "-f", "-")).To(Equal(outcome{out: "pool/dev created\n"}))
		Expect(daemon.Calls()).To(Equal([]string{"apply dryRun=false " + devPool}))
	})
	It("passes on each file of a directory", func() {
		dir := GinkgoT().TempDir()
		ci := strings.Replace(devPool, "name: dev", "name: ci", 1)
		Expect(os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(devPool), 0o644)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(dir, "b.yaml"), []byte(ci), 0o644)).To(Succeed())
		Expect(hal("apply", "-f", dir)).To(Equal(outcome{out: "pool/dev created\npool/ci created\n"}))
		Expect(daemon.Calls()).To(HaveLen(2))
	})
	It("prints names alone for a program", func() {
		Expect(hal("apply", "-f", manifest(devPool), "-o", "name")).To(Equal(outcome{out: "pool/dev\n"}))
	})
	It("asks for nothing when a manifest is invalid", func() {
		result := hal("apply", "-f", manifest(badPool))
		Expect(result.err).To(ContainSubstring("spec.workers.warm: -3: it must be at least 0"))
		Expect(result.code).To(Equal(exitUsage))
		Expect(daemon.Calls()).To(BeEmpty())
	})
	It("asks for nothing in a dry run of the client", func() {
		Expect(hal("apply", "-f", manifest(devPool), "--dry-run=client")).To(Equal(outcome{out: "pool/dev valid (client dry run)\n"}))
		Expect(daemon.Calls()).To(BeEmpty())
	})
	It("has the daemon change nothing in a dry run of the server", func() {
		Expect(hal("apply", "-f", manifest(devPool), "--dry-run=server", "--wait")).To(Equal(outcome{out: "pool/dev created (server dry run)\n"}))
		Expect(daemon.Calls()).To(Equal([]string{"apply dryRun=true " + devPool}))
	})
	It("ends with 1 when the daemon refuses, and names the file", func() {
		daemon.Fail(&api.Error{Code: api.CodeRefused, Message: "the source is one file"})
		path := manifest(devPool)
		Expect(hal("apply", "-f", path)).To(Equal(outcome{code: exitNo, err: "hal-controller: apply " + path + ": the source is one file\n"}))
	})
	It("waits until the pool is as this manifest says, not as the last one did", func() {
		daemon.SetPools(poolAt(0, settled3()...))
		path, done := manifest(devPool), make(chan outcome)
		go func() {
			defer GinkgoRecover()
			done <- hal("apply", "-f", path, "--wait")
		}()
		Consistently(done, "300ms").ShouldNot(Receive())
		daemon.SetPools(poolAt(1, settled3()...))
		Eventually(done, "5s").Should(Receive(Equal(outcome{
			out: "pool/dev created\n",
			err: "pool/dev: waiting for generation 1 to be in force\npool/dev rolled out\n",
		})))
	})
	It("ends with 3 when time is out, and says what is missing", func() {
		daemon.SetPools(poolAt(1, below("1 of 3 warm workers ready; hal-dev-2: probing")...))
		result := hal("apply", "-f", manifest(devPool), "--wait", "--timeout", "100ms")
		Expect(result.err).To(HaveSuffix("hal-controller: what was applied has not come within 100ms: pool/dev: 1 of 3 warm workers ready; hal-dev-2: probing\n"))
		Expect(result.code).To(Equal(exitTimeout))
	})
	It("ends with 1 when the rollout is paused: waiting does not help", func() {
		daemon.SetPools(poolAt(1, notProgressing(spec.ReasonRolloutPaused, "rollout to revision abc paused: 2 workers failed")...))
		result := hal("apply", "-f", manifest(devPool), "--wait")
		Expect(result.err).To(Equal("hal-controller: pool/dev: rollout to revision abc paused: 2 workers failed\n"))
		Expect(result.code).To(Equal(exitNo))
	})
})

// poolAt is pool dev as it was observed at a generation.
func poolAt(generation int64, conditions ...spec.Condition) spec.Pool {
	p := spec.Pool{APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: "dev"}}
	p.Spec.Workers.Warm = 3
	p.Spec.Workers.Template.Image = "hal/worker"
	p.Status = &spec.PoolStatus{ObservedGeneration: generation, Warm: 3, Conditions: conditions}
	spec.Default(&p)
	return p
}

func condition(kind, status, reason, message string) spec.Condition {
	return spec.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// settled3 are the conditions of a pool that is as declared.
func settled3() []spec.Condition {
	return []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionTrue, spec.ReasonMinimumWarm, "3 of 3 warm workers ready"),
		condition(spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonConverged, "the engine is as declared"),
	}
}

// below are those of a pool that comes up.
func below(message string) []spec.Condition {
	return []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, message),
		condition(spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonReplenishing, "1 on the way up"),
	}
}

// rollingOut are those of a pool whose workers are being replaced.
func rollingOut(message string) []spec.Condition {
	return []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionTrue, spec.ReasonMinimumWarm, "3 of 3 warm workers ready"),
		condition(spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonRollingOut, message),
	}
}

// notProgressing are those of a pool that stands still.
func notProgressing(reason, message string) []spec.Condition {
	return []spec.Condition{
		condition(spec.ConditionReady, spec.ConditionTrue, spec.ReasonMinimumWarm, "3 of 3 warm workers ready"),
		condition(spec.ConditionProgressing, spec.ConditionFalse, reason, message),
	}
}
