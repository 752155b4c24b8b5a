package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
)

var _ = Describe("describe claim", func() {
	claim := func(name, project string) api.Claim {
		return api.Claim{
			Name: name, Pool: "dev", Container: "hal-dev-0." + name, ContainerID: "0123456789abcdef", User: "amy",
			Project: project, Phase: "Bound", Created: hoursAgo(1),
		}
	}
	happened := func(claim, message string) reconcile.Event {
		return reconcile.Event{Time: hoursAgo(1), Pool: "dev", Type: reconcile.EventNormal, Reason: "Claimed", Object: "claim/" + claim, Message: message}
	}

	It("shows claims, each with its own events, and says which there are not", func() {
		backend := &fake.Backend{}
		backend.SetPools(readyPool("dev"))
		backend.SetClaims(claim("fix", "/src/shop"), claim("docs", ""))
		backend.Events().Add(happened("fix", "has hal-dev-0.fix"))
		backend.Events().Add(happened("docs", "has hal-dev-0.docs"))
		serving(backend)
		want := `^Name: +fix
Pool: +dev
Worker: +hal-dev-0.fix
User: +amy
Phase: +Bound
Project: +/src/shop
Age: +60m \(.*\)
(?:Mode: .*\n)?ID: +0123456789ab
Events:
  AGE   TYPE     REASON    OBJECT      MESSAGE
  60m   Normal   Claimed   claim/fix   has hal-dev-0.fix
$`
		for _, args := range [][]string{{"claim", "fix"}, {"claim/fix"}, {"claims", "fix"}} {
			got := hal(append([]string{"describe"}, args...)...)
			Expect(got.err).To(BeEmpty())
			Expect(got.out).To(MatchRegexp(want))
		}
		Expect(hal("describe", "claims").out).To(MatchRegexp(`(?s)^Name: +fix\n.*\n\nName: +docs\n`))
		got := hal("describe", "claim", "fax", "fix")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(ContainSubstring(`no claim "fax": did you mean "fix"?`))
		Expect(got.out).To(HavePrefix("Name:"))
	})
	It("says that there are none", func() {
		serving(&fake.Backend{})
		Expect(hal("describe", "claims")).To(Equal(outcome{err: "no claims found\n"}))
	})
})
