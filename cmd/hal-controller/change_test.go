package main

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
)

var _ = Describe("a command that changes a pool", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetPools(poolAt(1, settled3()...))
		serving(daemon)
	})

	DescribeTable("asks the daemon, and says what is done",
		func(line, call, said string) {
			Expect(hal(strings.Fields(line)...)).To(Equal(outcome{out: said + "\n"}))
			Expect(daemon.Calls()).To(Equal([]string{call}))
		},
		Entry("scale", "scale dev --warm 5", "scale dev 5", "pool/dev scaled to 5 warm workers"),
		Entry("scale, the pool in full", "scale pool/dev --warm 5", "scale dev 5", "pool/dev scaled to 5 warm workers"),
		Entry("scale to one", "scale dev --warm=1", "scale dev 1", "pool/dev scaled to 1 warm worker"),
		Entry("scale to none", "scale dev --warm=0", "scale dev 0", "pool/dev scaled to 0 warm workers"),
		Entry("suspend", "suspend dev", "suspend dev true", "pool/dev suspended"),
		Entry("resume", "resume pool/dev", "suspend dev false", "pool/dev resumed"),
		Entry("reconcile", "reconcile dev", "reconcile dev", "pool/dev is being reconciled"),
		Entry("rollout pause", "rollout pause dev", "rollout dev pause", "pool/dev rollout paused"),
		Entry("rollout resume", "rollout resume dev", "rollout dev resume", "pool/dev rollout resumed"),
		Entry("rollout undo", "rollout undo pool/dev", "rollout dev undo", "pool/dev rollout undone"),
	)
	DescribeTable("passes the daemon's no on",
		func(code api.ErrorCode, exit int) {
			daemon.Fail(&api.Error{Code: code, Message: "no: because"})
			Expect(hal("scale", "dev", "--warm", "5")).To(Equal(outcome{code: exit, err: "hal-controller: no: because\n"}))
		},
		Entry("it cannot be done", api.CodeRefused, exitNo),
		Entry("there is no such pool", api.CodeNotFound, exitNo),
		Entry("the result would be no manifest", api.CodeInvalid, exitUsage),
		Entry("the engine is away", api.CodeUnavailable, exitUnavailable),
	)
})
