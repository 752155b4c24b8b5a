package main

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

var _ = Describe("wait", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(readyPool("dev"), brokenPool("ci"))
		serving(backend)
	})

	DescribeTable("ends at once where the condition is met",
		func(args, pool string) {
			Expect(hal(strings.Fields("wait " + args)...)).To(Equal(outcome{out: "pool/" + pool + " condition met\n"}))
		},
		Entry("a condition", "pool/dev --for condition=Ready", "dev"),
		Entry("whatever its case", "dev --for condition=ready=true", "dev"),
		Entry("with another status", "ci --for condition=Ready=False", "ci"),
		Entry("being there", "dev --for create", "dev"),
		Entry("being gone", "gone --for delete", "gone"),
	)

	DescribeTable("ends when the condition becomes met",
		func(args string, pools ...spec.Pool) {
			ended := make(chan outcome, 1)
			go func() {
				defer GinkgoRecover()
				ended <- hal(strings.Fields("wait " + args)...)
			}()
			Consistently(ended, "200ms").ShouldNot(Receive())
			backend.SetPools(pools...)
			backend.Events().Add(reconcile.Event{Pool: "ci"})
			var got outcome
			Eventually(ended, "5s").Should(Receive(&got))
			Expect(got.code).To(Equal(exitYes))
		},
		Entry("a condition", "ci --for condition=Ready", readyPool("ci")),
		Entry("being there", "new --for create", readyPool("new")),
		Entry("being there and ready", "new --for condition=Ready", readyPool("new")),
		Entry("being gone", "ci --for delete", readyPool("dev")),
	)

	DescribeTable("says when time is out how things are",
		func(args, message string) {
			got := hal(strings.Fields("wait --timeout 300ms " + args)...)
			Expect(got.code).To(Equal(exitTimeout))
			Expect(got.out).To(BeEmpty())
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("of a condition", "ci --for condition=Ready", "the condition Ready=True of pool/ci has not come within 300ms: Ready is False (BelowMinimum): 1 of 2 warm workers ready"),
		Entry("of a pool that is not there", "new --for create", "the creation of pool/new has not come within 300ms: it does not exist"),
		Entry("of a pool that stays", "dev --for delete", "the end of pool/dev has not come within 300ms: it exists, and is Ready"),
	)

	DescribeTable("says what is wrong",
		func(args, message string) {
			got := hal(strings.Fields("wait " + args)...)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("no pool", "--for create", "say which pool"),
		Entry("nothing to wait for", "dev", "say what to wait for"),
		Entry("an unknown condition", "dev --for condition=Redy", `there is no condition "Redy": did you mean "Ready"?`),
		Entry("an unknown status", "dev --for condition=Ready=yes", `there is no status "yes": it is one of True, False, Unknown`),
		Entry("an unknown event", "dev --for deleted", `did you mean "delete"?`),
		Entry("no time", "dev --for delete --timeout 0s", "--timeout 0s: more than 0"),
	)
})
