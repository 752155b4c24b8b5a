package main

import (
	"bytes"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

var _ = Describe("the pools found on an engine", func() {
	worker := func(name string, ordinal int, state runtime.State) runtime.Container {
		return runtime.Container{
			Name: name, State: state, Created: hoursAgo(2),
			Owner: runtime.Owner{Pool: "dev", Role: runtime.RoleWorker, Ordinal: ordinal, Revision: "abc"},
		}
	}
	containers := []runtime.Container{
		worker("hal-dev-10", 10, runtime.StateRunning),
		worker("hal-dev-2", 2, runtime.StateExited),
		worker("hal-dev-1.fix-bug", 1, runtime.StateRunning),
		worker("hal-dev-3", 3, runtime.StateCreated),
		{Name: "hal-dev-sandbox", State: runtime.StateRunning, Owner: runtime.Owner{Pool: "dev", Role: runtime.RoleSandbox}},
	}
	networks := []runtime.Network{{Name: "hal-dev", Pool: "dev"}, {Name: "hal-empty", Pool: "empty"}}
	volumes := []runtime.Volume{{Name: "hal-dev-cache", Pool: "dev"}, {Name: "hal-gone-cache", Pool: "gone"}}

	It("are those with a container or a network, by name", func() {
		var names []string
		for _, p := range found(containers, networks, volumes) {
			names = append(names, p.Metadata.Name)
		}
		Expect(names).To(Equal([]string{"dev", "empty"}))
	})

	It("have counts and phases as the engine has them, and never Ready", func() {
		status := found(containers, networks, volumes)[0].Status
		Expect([]int{status.Ready, status.Claimed, status.Creating, status.Failed}).To(Equal([]int{1, 1, 1, 1}))
		var phases []string
		for _, w := range status.Workers {
			phases = append(phases, w.Name+" "+w.Phase)
		}
		Expect(phases).To(Equal([]string{"hal-dev-1.fix-bug Claimed", "hal-dev-2 Exited", "hal-dev-3 Created", "hal-dev-10 Running"}))
		Expect(status.Workers[0].Claim).To(Equal("fix-bug"))
		Expect(status.Volumes[0].Name).To(Equal("cache"))
	})

	It("are shown without what is not known", func() {
		pools := found(containers, networks, volumes)
		var out bytes.Buffer
		t := target{resource: resources[0]}
		Expect(newPrinter(&out, t, getOptions{output: "table"}).all(t.rowsOf(pools, ""))).To(Succeed())
		Expect(out.String()).To(Equal("" +
			"NAME    READY   WARM   CLAIMED   FAILED   UPDATED   AGE    STATUS\n" +
			"dev     1       -      1         1        -         120m   Unknown\n" +
			"empty   0       -      0         0        -         -      Unknown\n"))
		out.Reset()
		Expect(newPrinter(&out, t, getOptions{output: "json"}).all(t.rowsOf(pools[1:], ""))).To(Succeed())
		Expect(out.String()).NotTo(ContainSubstring(`"spec"`))
	})
})
