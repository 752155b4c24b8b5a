//go:build e2e

package faults_test

import (
	"fmt"
	"maps"
	"slices"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faultproxy"
)

var _ = Describe("Faults", Ordered, ContinueOnFailure, func() {
	var w *world
	BeforeEach(func() {
		if w == nil {
			w = newWorld()
		}
	})
	AfterEach(func() { w = keepUnlessFailed(w) })
	AfterAll(func() {
		if w != nil {
			w.end()
		}
	})

	// try has faults while something is done, and looks at what has come of it.
	try := func(label string, faults faultproxy.Chooser, do func()) {
		GinkgoHelper()
		row := results.row(label)
		w.proxy.Begin(faults)
		do()
		injected := w.proxy.Record().Injected
		w.proxy.Begin(nil)
		GinkgoWriter.Printf("%s: %v\n", label, injected)
		row.injected += len(injected)
		row.runs++
		w.judge(row)
	}
	awaitFault := func() {
		GinkgoHelper()
		Eventually(func() []faultproxy.Injection { return w.proxy.Record().Injected }).
			WithTimeout(occurrence).ShouldNot(BeEmpty(), "no such call was made")
	}

	It("are known of each kind of call that the controller makes", func() {
		w.proxy.Begin(nil)
		w.act()
		w.settle()
		Expect(w.violations()).To(BeEmpty())
		seen := slices.Sorted(maps.Keys(w.proxy.Record().Seen))
		GinkgoWriter.Println(w.proxy.Record().Seen)
		known := slices.Sorted(maps.Keys(kinds))
		Expect(known).To(ContainElements(seen), "a new kind of call: put it into the table of kinds, so that it is tried with faults")
		Expect(seen).To(ContainElements(known), "the scenario does not make this kind of call any more")
	})

	for _, c := range cases() {
		It(fmt.Sprintf("of %s, call %d: %s", c.kind, c.n, c.fault), func() {
			try(string(c.fault), faultproxy.Nth(c.kind, c.n, c.fault), func() {
				w.act()
				awaitFault()
			})
		})
	}

	for _, fault := range importFaults() {
		It(fmt.Sprintf("of %s: %s", importImage, fault), func() {
			defer w.keepPauseImage()()
			try(string(fault), withoutPauseImage(fault), func() {
				w.daemon.restart()
				awaitFault()
			})
		})
	}

	// So it is with an engine that waits for a lock on a container.
	It("of one container that the engine never answers about: the others are healed all the same", func() {
		workers := w.warm(w.main)
		stuck, killed := workers[0].ID, workers[1].ID
		try("no answer about one container", onCalls("", stuck, faultproxy.Hang), func() {
			w.daemon.restart()
			w.kill(killed)
			Eventually(func() []docker.Summary { return w.warm(w.main) }).
				Should(And(HaveLen(warm), Not(ContainElement(HaveField("ID", killed)))))
		})
	})

	It("of every look at a claimed worker that runs, which is said not to be there: it stays claimed", func() {
		try("404 about a claimed worker", onCalls("GET /containers/{id}/json", w.held[0].worker, faultproxy.NotFound), func() {
			w.daemon.restart()
			awaitFault()
		})
	})

	It("of the first commands in a rollout's new workers: it goes on without a person", func() {
		try("warm-ups broken off", firstOf(faultproxy.Exec, 8, faultproxy.Reset), w.act)
	})

	for _, percent := range rates() {
		It(fmt.Sprintf("of %d %% of all calls", percent), func() {
			seed := uint64(GinkgoRandomSeed())
			label := fmt.Sprintf("any, on %d %% of calls, seed %d", percent, seed)
			try(label, faultproxy.AtRate(float64(percent)/100, seed, faultproxy.Faults()...), func() {
				for range inForm(1, 5) {
					w.act()
				}
			})
		})
	}
})
