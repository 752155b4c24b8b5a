//go:build e2e

package faults_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faultproxy"
	"hal-controller/test/faults/failpoint"
	"hal-controller/test/faults/failpoint/instrument"
)

var _ = Describe("The controller killed between two side effects", Ordered, ContinueOnFailure, func() {
	points, err := findPoints()
	if err != nil {
		Fail(err.Error())
	}
	c := crashing{points: points}
	var hits map[string]int // of a round
	var w *world
	BeforeAll(c.build)
	BeforeEach(func() {
		if w == nil {
			w = newWorld()
			c.drive(w)
		}
	})
	AfterEach(func() {
		Expect(failpoint.Disarm(c.dir)).To(Succeed())
		w = keepUnlessFailed(w)
	})
	AfterAll(func() {
		if w != nil {
			w.end()
		}
	})

	importsPause := func(do func()) {
		defer w.keepPauseImage()()
		w.proxy.Begin(withoutPauseImageAtFirst())
		w.daemon.restart()
		do()
		w.proxy.Begin(nil)
	}

	It("comes to every point in a round", func() {
		w.actAll()
		importsPause(func() { w.settle() })
		hits, err = failpoint.Hits(c.dir)
		Expect(err).NotTo(HaveOccurred())
		missed := slices.DeleteFunc(slices.Clone(c.points), func(p string) bool { return hits[p] > 0 })
		Expect(missed).To(BeEmpty(), "put them into the scenario, or say why the daemon does not come to them")
		for function, why := range notOfTheDaemon {
			Expect(hits).NotTo(HaveKey(function+instrument.Before), function+" is said to be "+why)
		}
		Expect(w.violations()).To(BeEmpty())
	})

	for _, point := range c.chosen() {
		It("is right again after "+point, func() {
			hit := hitOf(point, hits[point])
			By(fmt.Sprintf("hit %d of %d", hit, hits[point]))
			row := results.row(rowOf(point))
			row.runs++
			Expect(failpoint.Arm(c.dir, point, hit)).To(Succeed())
			killed := func() {
				Eventually(func() bool { return failpoint.Killed(c.dir) }).WithTimeout(occurrence).Should(BeTrue(), "the point was not reached")
				row.injected++
			}
			if strings.HasPrefix(point, importPause) {
				importsPause(killed)
			} else {
				for round := 0; round < rounds && !failpoint.Killed(c.dir); round++ {
					w.actAll()
				}
				killed()
			}
			w.judge(row)
		})
	}

	for _, jump := range jumps() {
		It("is right again after its clock has jumped "+jump.name, func() {
			row := results.row("the controller's clock jumps " + jump.name)
			row.runs++
			Expect(failpoint.SetClock(c.dir, jump.by)).To(Succeed())
			row.injected++
			w.actAll()
			w.judge(row)
		})
	}
})

// clockJump is one of the controller's clock. The next one begins where it has come to.
type clockJump struct {
	name string
	by   time.Duration
}

// jumps end with a clock that is right.
func jumps() []clockJump {
	const far = 26 * time.Hour
	return inForm(
		[]clockJump{{"ahead", far}, {"back", 0}},
		[]clockJump{{"ahead", far}, {"back", 0}, {"back to the day before", -far}, {"ahead to today", 0}},
	)
}

// rounds is how many are done until one comes to a point: a claim may be refused
// because its worker was the one that the scenario has killed.
const rounds = 3

// withoutPauseImageAtFirst has the controller believe that there is no pause image
// until it has imported one.
func withoutPauseImageAtFirst() faultproxy.Chooser {
	var imported atomic.Bool
	return func(c faultproxy.Call) faultproxy.Fault {
		switch {
		case c.Kind == importImage:
			imported.Store(true)
			return ""
		case aboutPauseImage(c) && !imported.Load():
			return faultproxy.NotFound
		default:
			return ""
		}
	}
}
