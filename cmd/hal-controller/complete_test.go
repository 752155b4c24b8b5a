package main

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
)

var _ = Describe("the shell's completion", func() {
	complete := func(args ...string) []string {
		GinkgoHelper()
		got := hal(append([]string{"__completeNoDesc"}, args...)...)
		words := strings.Split(strings.TrimSpace(got.out), "\n")
		return words[:len(words)-1] // the last is a directive
	}

	It("knows kinds, and the names of what there is", func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"), readyPool("ci"))
		serving(backend)
		Expect(complete("get", "")).To(Equal([]string{"pools", "workers", "services", "volumes", "claims"}))
		Expect(complete("get", "pools", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("get", "svc/")).To(ContainElement("svc/hal-ci-parent"))
		Expect(complete("describe", "claims", "")).To(Equal([]string{"fix-bug", "fix-bug"}))
		Expect(complete("describe", "claim/")).To(ContainElement("claim/fix-bug"))
		Expect(complete("exec", "--claim-new", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("exec", "--claim-new", "dev", "")).To(BeEmpty())
		Expect(complete("claude", "--pool", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("login", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("why", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("logs", "")).To(ContainElements("pool/dev", "worker/hal-ci-0"))
		Expect(complete("get", "workers", "--pool", "")).To(Equal([]string{"dev", "ci"}))
		Expect(complete("get", "pools", "-o", "")).To(ContainElement("yaml"))
	})

	It("is silent where nobody answers", func() {
		got := hal("__completeNoDesc", "why", "")
		Expect(got.out).To(Equal(":4\n"))
		Expect(got.err).NotTo(ContainSubstring("no daemon"))
	})
})
