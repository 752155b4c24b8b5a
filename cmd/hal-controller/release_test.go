package main

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
)

var _ = Describe("release", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetClaims(
			api.Claim{Name: "a", Pool: "dev", User: ownName()}, api.Claim{Name: "b", Pool: "dev", User: ownName()},
			api.Claim{Name: "theirs", Pool: "dev", User: "somebody-else"}, api.Claim{Name: "nobodys", Pool: "dev"},
		)
		serving(daemon)
	})

	DescribeTable("asks the daemon, and says what is done",
		func(line string, out string, calls ...string) {
			Expect(hal(strings.Fields(line)...)).To(Equal(outcome{out: out}))
			Expect(daemon.Calls()).To(Equal(calls))
		},
		Entry("for one", "release a", "claim/a released\n", "release a gone"),
		Entry("for several", "release b a", "claim/b released\nclaim/a released\n", "release b gone", "release a gone"),
		Entry("that gives up what only the worker has", "release a --discard", "claim/a released\n", "release a gone discard"),
		Entry("without waiting", "release a --wait=false", "claim/a released\n", "release a recorded"),
		Entry("for all of one's own, and no others", "release --all", "claim/a released\nclaim/b released\n", "release a gone", "release b gone"),
	)

	DescribeTable("has to be told which", func(line string) {
		got := hal(strings.Fields(line)...)
		Expect(got.code).To(Equal(exitUsage))
		Expect(got.err).To(ContainSubstring("say which claims, or --all"))
		Expect(daemon.Calls()).To(BeEmpty())
	},
		Entry("when nothing is said", "release"),
		Entry("and not twice", "release a --all"),
	)

	It("goes on with the others when one cannot be, and ends with no", func() {
		daemon.Fail(&api.Error{Code: api.CodeRefused, Message: "another person's"})
		got := hal("release", "a", "b")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.out).To(BeEmpty())
		Expect(strings.Count(got.err, "another person's")).To(Equal(2))
		Expect(daemon.Calls()).To(HaveLen(2))
	})

	Describe("--keep-changes", func() {
		var kept, rescued string
		BeforeEach(func() {
			kept, rescued = filepath.Join(GinkgoT().TempDir(), "new", "kept"), GinkgoT().TempDir()
			Expect(os.MkdirAll(filepath.Join(rescued, "sub"), 0o700)).To(Succeed())
			Expect(os.WriteFile(filepath.Join(rescued, "sub", "work.diff"), []byte("+1"), 0o600)).To(Succeed())
			daemon.SetRescued("a", rescued)
		})

		It("has what was saved in a directory, by claim, and none for a claim with nothing", func() {
			got := hal("release", "a", "b", "--keep-changes", kept)
			Expect(got).To(Equal(outcome{out: "claim/a released\nclaim/b released\n", err: "claim/a: kept in " + kept + "/a\n"}))
			Expect(os.ReadFile(filepath.Join(kept, "a", "sub", "work.diff"))).To(BeEquivalentTo("+1"))
			Expect(filepath.Join(kept, "b")).NotTo(BeADirectory())
			Expect(filepath.Join(rescued, "sub", "work.diff")).To(BeAnExistingFile())
		})

		It("releases nothing where there is something already", func() {
			Expect(os.MkdirAll(filepath.Join(kept, "a"), 0o700)).To(Succeed())
			got := hal("release", "a", "--keep-changes", kept)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring("there is " + kept + "/a already"))
			Expect(daemon.Calls()).To(BeEmpty())
		})

		DescribeTable("is refused with what contradicts it", func(flag, words string) {
			got := hal("release", "a", "--keep-changes", kept, flag)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring(words))
			Expect(daemon.Calls()).To(BeEmpty())
		},
			Entry("not to wait", "--wait=false", "leave out --wait=false"),
			Entry("to save nothing", "--discard", "leave out one of them"),
		)
	})
})
