package main

import (
	"strings"
	"unicode"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// hostile clears a terminal's screen, sets its title and moves its cursor, unless it is
// escaped: a directory may be called so, and a worker may say so as its last word.
const hostile = "\x1b[2J\x1b]0;title\a\r\x7f\u009b2Jseen"

var _ = Describe("What workers and people have called things", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(hostilePool())
		backend.SetClaims(api.Claim{
			Name: "fix", Pool: "dev", Container: "hal-dev-0.fix", ContainerID: "0123456789abcdef", User: hostile,
			Project: "/src/" + hostile, Mode: "bind", Phase: "Bound", Message: hostile, Created: hoursAgo(1),
		})
		for _, object := range []string{"hal-dev-0", "claim/fix"} {
			backend.Events().Add(reconcile.Event{Time: hoursAgo(1), Pool: "dev", Type: reconcile.EventWarning, Reason: "Rescued", Object: object, Message: hostile})
		}
		serving(backend)
	})

	DescribeTable("is shown, and steers no terminal",
		func(args string) { showsHarmlessly(hal(strings.Fields(args)...)) },
		Entry(nil, "get claims"),
		Entry(nil, "get claims -o wide"),
		Entry(nil, "get claims -o json"),
		Entry(nil, "get claims -o yaml"),
		Entry(nil, "get claim fix -o json"),
		Entry(nil, "describe claim fix"),
		Entry(nil, "get pools -o wide"),
		Entry(nil, "get pools -o json"),
		Entry(nil, "get workers -o wide"),
		Entry(nil, "get workers -o json"),
		Entry(nil, "get workers -o yaml"),
		Entry(nil, "describe pool dev"),
		Entry(nil, "describe worker hal-dev-0"),
		Entry(nil, "why dev"),
		Entry(nil, "rollout status dev --watch=false"),
		Entry(nil, "events"),
		Entry(nil, "events -o json"),
		Entry(nil, "release fix --wait"),
	)

	It("is shown in the answer of no, and steers no terminal", func() {
		backend.Fail(&api.Error{Code: api.CodeRefused, Message: "project /src/" + hostile + ": it leads elsewhere"})
		for _, args := range []string{"scale dev --warm 3", "claim dev --name new", "release fix", "extend fix --by 1h", "exec fix -- true"} {
			showsHarmlessly(hal(strings.Fields(args)...))
		}
	})

	It("is shown to who waits for a worker, and steers no terminal", func() {
		backend.SetPlaces(1)
		showsHarmlessly(hal("claim", "dev", "--name", "new"))
	})
})

// hostilePool is a broken pool with a hostile text wherever there is one that is not of
// the controller's own making.
func hostilePool() spec.Pool {
	p := brokenPool("dev")
	p.Metadata.Labels = map[string]string{"label": hostile}
	p.Spec.Workers.Template.Image = hostile
	p.Spec.Workers.Template.Command = []string{hostile}
	p.Status.Source = hostile
	for i := range p.Status.Workers {
		p.Status.Workers[i].Message, p.Status.Workers[i].Image, p.Status.Workers[i].Phase = hostile, hostile, "Failed"
	}
	for i := range p.Status.Waiting {
		p.Status.Waiting[i].Message = hostile
	}
	for i := range p.Status.Conditions {
		p.Status.Conditions[i].Message = hostile
	}
	return p
}

// showsHarmlessly looks for what a terminal would obey, in what a command has written.
func showsHarmlessly(got outcome) {
	GinkgoHelper()
	written := got.out + got.err
	Expect(written).To(ContainSubstring("seen"), "it must be shown")
	steers := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	Expect(strings.IndexFunc(written, steers)).To(Equal(-1), "%q", written)
}
