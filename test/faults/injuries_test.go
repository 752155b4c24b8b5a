//go:build e2e

package faults_test

import (
	"math/rand/v2"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// injury is what happens to the controller's containers and files while it runs.
type injury struct {
	name string
	do   func(*world)
}

// injuries are all of them, or a few, which the seed chooses.
func injuries() []injury {
	all := slices.Concat(deaths(), byHand(), places())
	if full {
		return append(all, injury{"1,000 foreign containers beside ours", (*world).crowd})
	}
	random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:shortInjuries]
}

// shortInjuries is how many the short form has.
const shortInjuries = 5

var _ = Describe("What happens to a pool", Ordered, ContinueOnFailure, func() {
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

	for _, i := range injuries() {
		It("is mended: "+i.name, func() {
			row := results.row(i.name)
			row.runs++
			i.do(w)
			row.injected++
			w.judge(row)
		})
	}
})

// hurt makes a claim, has something happen to its worker, and releases it after a look
// at what has come of it.
func hurt(what func(w *world, worker string), want func(w *world, claim, worker string)) func(*world) {
	return func(w *world) {
		GinkgoHelper()
		const name = "hurt"
		Eventually(func() int { return w.claim(w.main, name).Code }).Should(BeZero())
		worker := w.claimed(name).ContainerID
		what(w, worker)
		want(w, name, worker)
		w.hal("release", name) // of one that is paused it may be refused: it is done once more
	}
}

// kept wants a claim to have its worker, which runs, with its project.
func kept(w *world, claim, worker string) {
	GinkgoHelper()
	Eventually(func() outcome { return w.hal("exec", claim, "--", "cat", "/workspace/file") }).
		Should(HaveField("Out", claim))
	Expect(w.claimed(claim)).To(And(HaveField("Phase", "Bound"), HaveField("ContainerID", worker)))
}

// stillBound wants a claim to have its worker, whatever state that is in.
func stillBound(w *world, claim, worker string) {
	GinkgoHelper()
	Consistently(func(g Gomega) {
		g.Expect(w.claimed(claim)).To(And(HaveField("Phase", "Bound"), HaveField("ContainerID", worker)))
	}).WithTimeout(resync + resync/3).Should(Succeed())
}

// lost wants a claim to say that its worker is gone.
func lost(w *world, claim, _ string) {
	GinkgoHelper()
	Eventually(func() string { return w.claimed(claim).Phase }).Should(Equal("Lost"))
}
