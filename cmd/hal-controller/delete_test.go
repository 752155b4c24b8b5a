package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("delete", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetPools(poolAt(1, settled3()...))
		serving(daemon)
	})

	DescribeTable("takes a pool out of the source",
		func(args ...string) {
			Expect(hal(append([]string{"delete"}, args...)...)).To(Equal(outcome{out: "pool/dev deleted\n"}))
			Expect(daemon.Calls()).To(Equal([]string{"delete dev"}))
		},
		Entry("named by kind and name", "pool", "dev"),
		Entry("named in one word", "pool/dev"),
		Entry("and waits for its end", "pool/dev", "--wait"),
	)
	It("takes the pools of a manifest", func() {
		Expect(hal("delete", "-f", manifest(devPool))).To(Equal(outcome{out: "pool/dev deleted\n"}))
	})
	DescribeTable("ends with 1 for a pool that there is not",
		func(args ...string) {
			result := hal(append([]string{"delete"}, args...)...)
			Expect(result.err).To(HavePrefix(`hal-controller: no pool "prod"`))
			Expect(result.code).To(Equal(exitNo))
		},
		Entry("at once", "pool/prod"),
		Entry("when it waits", "pool/prod", "--wait"),
	)
	It("ends with 1 when the daemon refuses, and then too when it waits", func() {
		daemon.Fail(&api.Error{Code: api.CodeRefused, Message: "pool.yaml is not writable"})
		for _, args := range [][]string{{"delete", "pool/dev"}, {"delete", "pool/dev", "--wait"}} {
			Expect(hal(args...)).To(Equal(outcome{code: exitNo, err: "hal-controller: pool.yaml is not writable\n"}))
		}
	})
})

var _ = Describe("deleting a pool with claims", func() {
	It("tells what it waits for, and ends with 3 when time is out", func() {
		daemon := claimedBackend{&fake.Backend{}}
		daemon.SetPools(poolAt(1, settled3()...))
		serving(daemon)
		Expect(hal("delete", "pool/dev", "--wait", "--timeout", "2s")).To(Equal(outcome{code: exitTimeout, out: "pool/dev deleted\n", err: lines(
			"pool/dev: the pool goes when 1 claim is released: alice",
			"hal-controller: the end of what was deleted has not come within 2s: pool/dev: the pool goes when 1 claim is released: alice",
		)}))
	})
})

// claimedBackend is a daemon whose pool has a claim that is never released.
type claimedBackend struct{ *fake.Backend }

func (b claimedBackend) Delete(string) error {
	b.SetPools(poolAt(1, notProgressing(spec.ReasonBlockedByClaims, "the pool goes when 1 claim is released: alice")...))
	return nil
}
