package claim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("A release", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.settled("hal-dev-0", "hal-dev-1")
	})

	It("stops and removes the worker, which nobody gets again, and all that there is of the claim", func() {
		got := w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop")})
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
		w.engine.ResetCalls()
		w.release(me, "fix")
		Expect(w.engine.Changes()).To(ContainElements("stop hal-dev-0.fix", "remove hal-dev-0.fix"))
		w.nothingLeft()
		Expect(w.has(got.Worker)).To(BeFalse())
		Expect(w.binder.Workers()).NotTo(ContainElement("hal-dev-0"))
		_, err := w.claims.Get("fix")
		Expect(err).To(HaveField("NotFound", true))
		_, err = w.claims.Release(me, "fix", claim.ReleaseOptions{})
		Expect(err).To(HaveField("NotFound", true))
	})

	It("is of the claim with one worker, where that is said, and of no later one of its name", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		_, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{Worker: "another"})
		Expect(err).To(And(refusal(`claim "fix" has ended, and another has its name`), HaveField("NotFound", true)))
		Expect(w.claims.Get("fix")).To(Equal(got))
		leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{Worker: got.Worker})
		Expect(err).NotTo(HaveOccurred())
		Eventually(leaving.Done()).WithTimeout(soon).Should(BeClosed())
	})

	It("is no error while the claim is on its way out, and ends with it", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		stopping := park()
		w.engine.Fail(stopping.at("stop"))
		first, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(stopping.arrived).WithTimeout(soon).Should(BeClosed())
		again, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(again).To(Equal(first))
		Expect(again.Done()).NotTo(BeClosed())
		_, err = w.claims.Claim(context.Background(), alice, claim.Request{Name: "fix", Pool: "dev"})
		Expect(err).To(refusal(`claim "fix" is releasing: wait until it is gone`))
		_, err = w.claims.Use(alice, "fix", "exec")
		Expect(err).To(refusal(`claim "fix" is releasing`))
		stopping.goOn <- nil
		Eventually(again.Done()).WithTimeout(soon).Should(BeClosed())
	})

	It("ends one claim and no other, however many releases there are at once, and whoever has the name next", func() {
		for range 50 {
			w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			var releases sync.WaitGroup
			for range 4 {
				releases.Go(func() {
					defer GinkgoRecover()
					leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
					if err != nil { // it was gone, or another's
						Expect(err).To(BeAssignableToTypeOf(&claim.Refusal{}))
						return
					}
					<-leaving.Done()
				})
			}
			var got claim.Record
			Eventually(func() (err error) {
				got, err = w.claims.Claim(context.Background(), bob, claim.Request{Name: "fix", Pool: "dev"})
				return err
			}).WithTimeout(soon).WithPolling(100 * time.Microsecond).Should(Succeed())
			releases.Wait()
			Expect(w.claims.Get("fix")).To(Equal(got))
			w.release(bob, "fix")
		}
	})

	It("goes on until the engine does what it is asked, and gives up nothing meanwhile", func() {
		got := w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop")})
		var failures atomic.Int32
		w.engine.Fail(func(c fake.Call) error {
			if c.ID == got.Worker && (c.Method == "stop" && failures.Add(1) <= 2 || c.Method == "remove" && failures.Add(1) <= 4) {
				return runtime.ErrUnavailable
			}
			return nil
		})
		leaving, err := w.claims.Release(me, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.onDisk()).To(ConsistOf(HaveField("Phase", claim.Releasing)))
		Eventually(leaving.Done()).WithTimeout(soon).Should(BeClosed())
		Expect(failures.Load()).To(BeNumerically(">", 4))
		w.nothingLeft()
	})

	It("takes the slots of its own worker, and never those of the one that has its number next", func() {
		project := w.project("shop")
		got := w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: project})
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
		// The worker is gone and its record is not: releasing goes on.
		removed := park()
		w.engine.LoseReply(func(c fake.Call) error {
			if c.Method == "remove" && c.ID == got.Worker {
				return removed.wait()
			}
			return nil
		})
		leaving, err := w.claims.Release(me, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(removed.arrived).WithTimeout(soon).Should(BeClosed())
		w.declare(newPool("dev", sized(3, 10)))
		w.engine.Kill("hal-dev-1", 0) // a pass
		Eventually(w.workers).WithTimeout(soon).Should(ContainElements("hal-dev-0", "hal-dev-2"))
		Expect(w.binder.Workers()).To(ContainElement("hal-dev-0"))
		removed.goOn <- errors.New("boom") // it tries again
		Eventually(leaving.Done()).WithTimeout(soon).Should(BeClosed())
		Expect(w.binder.Workers()).To(ContainElement("hal-dev-0"))
	})

	It("drops a claim whose worker is lost, has nothing of it saved, and leaves its number's next worker alone", func() {
		w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop")})
		w.declare(newPool("dev", sized(3, 10)))
		w.engine.Delete("hal-dev-0.fix")
		w.settled("hal-dev-0", "hal-dev-1", "hal-dev-2")
		Expect(w.claims.Get("fix")).To(HaveField("Phase", claim.Lost))
		w.onRescue(func(claim.Record) (string, error) { return "", errors.New("no such container") })
		w.release(me, "fix")
		w.nothingLeft()
		Expect(w.binder.Workers()).To(ContainElement("hal-dev-0"))
	})

	It("is refused while the claim is being made", func() {
		renaming := park()
		w.engine.Fail(renaming.at("rename"))
		ended, _ := w.begin(alice, claim.Request{Name: "fix", Pool: "dev"})
		Eventually(renaming.arrived).WithTimeout(soon).Should(BeClosed())
		_, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
		Expect(err).To(refusal(`claim "fix" is being made`))
		renaming.goOn <- nil
		Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
	})

	Describe("with work to be saved", func() {
		It("saves it first, and says where", func() {
			got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			w.onRescue(func(r claim.Record) (string, error) {
				c, _ := w.engine.Container(got.Container())
				Expect(c.State).To(Equal(runtime.StateRunning))
				return "/rescued/fix", nil
			})
			leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
			Expect(err).NotTo(HaveOccurred())
			Expect(leaving.Outcome()).To(HaveField("Rescued", "/rescued/fix"))
			Expect(w.told("Rescued")).To(ConsistOf(ContainSubstring("/rescued/fix")))
		})

		It("keeps the claim when that does not work, until it does", func() {
			got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			w.onRescue(func(claim.Record) (string, error) { return "", errors.New("no space left") })
			w.release(alice, "fix")
			Expect(w.claims.Get("fix")).To(And(
				HaveField("Phase", claim.Bound), HaveField("Worker", got.Worker), HaveField("Warning", ContainSubstring("no space left")),
			))
			Expect(w.workers()).To(ContainElement("hal-dev-0.fix"))
			w.onRescue(nil)
			w.release(alice, "fix")
			Expect(w.claims.List()).To(BeEmpty())
		})

		It("saves nothing where that is asked for, not even what could not be saved before", func() {
			w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			w.onRescue(func(claim.Record) (string, error) { return "", errors.New("no space left") })
			w.release(alice, "fix")
			Expect(w.claims.Get("fix")).To(HaveField("Warning", ContainSubstring("hal release --discard fix")))
			_, err := w.claims.Release(bob, "fix", claim.ReleaseOptions{Discard: true})
			Expect(err).To(refusal("another person's"))
			leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{Discard: true})
			Expect(err).NotTo(HaveOccurred())
			Expect(leaving.Outcome()).To(And(HaveField("Phase", claim.Releasing), HaveField("Rescued", "")))
			w.nothingLeft()
		})

		It("saves nothing of a claim that did not come about", func() {
			w.onRescue(func(claim.Record) (string, error) { panic("nobody has worked in it") })
			w.engine.Fail(once("rename", errors.New("boom")))
			_, err := w.claims.Claim(context.Background(), alice, claim.Request{Name: "fix", Pool: "dev"})
			Expect(err).To(HaveOccurred())
			w.nothingLeft()
		})
	})
})

var _ = Describe("The end of a claim's time", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld(func(p *spec.Pool) { p.Spec.Workers.Lifetime.ClaimTTL = spec.Duration(time.Hour) })
		w.settled("hal-dev-0", "hal-dev-1")
	})
	// left is the time that a claim has.
	left := func(r claim.Record) time.Duration { return r.Expires.Sub(r.Created).Round(time.Second) }

	It("is what the pool says, or sooner where the person asks for that", func() {
		Expect(left(w.claim(alice, claim.Request{Name: "a", Pool: "dev"}))).To(Equal(time.Hour))
		Expect(left(w.claim(alice, claim.Request{Name: "b", Pool: "dev", TTL: time.Minute}))).To(Equal(time.Minute))
		Expect(left(w.claim(alice, claim.Request{Name: "c", Pool: "dev", TTL: 2 * time.Hour}))).To(Equal(time.Hour))
	})

	It("releases it, and not before", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev", TTL: 10 * time.Minute})
		w.claim(alice, claim.Request{Name: "other", Pool: "dev"})
		w.ahead.Store(int64(11 * time.Minute))
		Eventually(w.claims.List).WithTimeout(soon).Should(HaveExactElements(HaveField("Name", "other")))
		w.settled("hal-dev-1.other", "hal-dev-2", "hal-dev-3")
	})

	It("is moved by an extension, which outlives the controller", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev", TTL: time.Minute})
		extended, err := w.claims.Extend(alice, "fix", 30*time.Minute)
		Expect(err).NotTo(HaveOccurred())
		Expect(left(extended)).To(Equal(30 * time.Minute))
		w.ahead.Store(int64(20 * time.Minute))
		w.crash()
		Consistently(w.claims.List, "1200ms").Should(HaveExactElements(HaveField("Phase", claim.Bound)))
		w.ahead.Store(int64(31 * time.Minute))
		w.nothingLeft()
	})

	It("is moved no further than the pool gives a claim at a time", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		_, err := w.claims.Extend(alice, "fix", 61*time.Minute)
		Expect(err).To(refusal(`pool "dev" gives a claim 1h0m0s at a time`))
		Expect(w.claims.Get("fix")).To(Equal(got))
	})

	It("is told before it comes to those who are connected, once, and again before another end", func() {
		var mu sync.Mutex
		var told []string
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev", TTL: time.Hour})
		other := w.claim(alice, claim.Request{Name: "other", Pool: "dev"})
		defer w.claims.Opened(got, func(message string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, message)
		})()
		defer w.claims.Opened(other, func(string) { defer GinkgoRecover(); Fail("it is another's") })()
		_, err := w.claims.Extend(alice, "other", time.Hour)
		Expect(err).NotTo(HaveOccurred())
		heard := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(told)
		}
		w.ahead.Store(int64(54 * time.Minute))
		Consistently(heard, "1200ms").Should(BeEmpty())
		w.ahead.Store(int64(56 * time.Minute))
		_, err = w.claims.Extend(alice, "other", time.Hour)
		Expect(err).NotTo(HaveOccurred())
		Eventually(heard).Should(HaveExactElements(MatchRegexp(`^claim fix is released in (4m0s|3m5\ds): 'hal extend fix --by 1h' keeps it$`)))
		Consistently(heard, "1200ms").Should(HaveLen(1))
		Expect(w.told("ClaimExpires")).To(HaveLen(1))
		_, err = w.claims.Extend(alice, "fix", 30*time.Minute)
		Expect(err).NotTo(HaveOccurred())
		w.ahead.Store(int64(82 * time.Minute))
		Eventually(heard).Should(HaveLen(2))
		w.ahead.Store(int64(87 * time.Minute))
		Eventually(heard).Should(ContainElement("claim fix: its time is over: hal-dev-0.fix is removed"))
	})

	It("is either moved or come, and the claim not left in between, when both happen at once", func() {
		for round := range 50 {
			name := fmt.Sprintf("fix%d", round)
			w.claim(alice, claim.Request{Name: name, Pool: "dev"})
			var both sync.WaitGroup
			both.Go(func() { _, _ = w.claims.Extend(alice, name, time.Hour) })
			both.Go(func() { defer GinkgoRecover(); w.release(alice, name) })
			both.Wait()
			Expect(slices.Collect(namesOf(w.claims.List()))).NotTo(ContainElement(name))
			Expect(w.onDisk()).NotTo(ContainElement(HaveField("Name", name)))
		}
	})
})

func namesOf(records []claim.Record) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, r := range records {
			if !yield(r.Name) {
				return
			}
		}
	}
}

var _ = Describe("A store that takes no records", func() {
	var (
		w     *world
		first runtime.Container
	)
	BeforeEach(func() {
		w = newWorld(sized(1, 1))
		w.settled("hal-dev-0")
		first, _ = w.engine.Container("hal-dev-0")
	})
	try := func(who bind.Caller) error {
		_, err := w.claims.Claim(context.Background(), who, claim.Request{Name: "fix", Pool: "dev"})
		return err
	}
	// usable expects that the one worker that the pool may have can be claimed.
	usable := func() {
		GinkgoHelper()
		Eventually(w.claims.List).WithTimeout(soon).Should(BeEmpty())
		Expect(try(alice)).To(Succeed())
		w.release(alice, "fix")
	}

	It("has nothing claimed, and no worker taken for ever, from the first record on", func() {
		mend := w.breakStore()
		Expect(try(alice)).To(MatchError(ContainSubstring(`record claim "fix"`)))
		Expect(w.engine.Changes()).NotTo(ContainElement(HavePrefix("rename")))
		mend()
		usable()
		Expect(w.has(first.ID)).To(BeFalse())
	})

	It("has no worker that looks claimed when the controller ends before it is removed", func() {
		mend := w.breakStore()
		stopping := park()
		w.engine.Fail(stopping.at("stop"))
		Expect(try(alice)).To(MatchError(ContainSubstring(`record claim "fix"`)))
		Eventually(stopping.arrived).WithTimeout(soon).Should(BeClosed())
		w.engine.Edit("hal-dev-0", func(*runtime.Container, *runtime.Inspection) {}) // a pass
		Consistently(w.engine.Changes, "200ms").ShouldNot(ContainElement(HavePrefix("rename")))
		Expect(w.claims.List()).To(BeEmpty())
		stopping.goOn <- nil
		mend()
		usable()
	})

	It("has nothing claimed, and no worker taken for ever, from the second record on", func() {
		var mend func()
		w.engine.LoseReply(func(c fake.Call) error {
			if c.Method == "rename" && mend == nil {
				mend = w.breakStore()
			}
			return nil
		})
		Expect(try(alice)).To(MatchError(ContainSubstring(`record claim "fix"`)))
		leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
		if err == nil { // it is on its way out by itself
			Consistently(leaving.Done(), "100ms").ShouldNot(BeClosed())
		}
		Eventually(func() bool { return w.has(first.ID) }).WithTimeout(soon).Should(BeFalse())
		mend()
		usable()
	})

	It("has a release refused, which works later", func() {
		Expect(try(alice)).To(Succeed())
		mend := w.breakStore()
		for range 2 {
			_, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
			Expect(err).To(MatchError(ContainSubstring(`record claim "fix"`)))
		}
		Expect(w.claims.Get("fix")).To(HaveField("Phase", claim.Bound))
		Expect(w.workers()).To(Equal([]string{"hal-dev-0.fix"}))
		mend()
		w.release(alice, "fix")
		usable()
	})

	It("has a release that it took go on until it drops the record", func() {
		Expect(try(alice)).To(Succeed())
		var mend func()
		removed := make(chan struct{})
		w.engine.LoseReply(func(c fake.Call) error {
			if c.Method == "remove" && mend == nil {
				mend = w.breakStore()
				close(removed)
			}
			return nil
		})
		leaving, err := w.claims.Release(alice, "fix", claim.ReleaseOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(removed).WithTimeout(soon).Should(BeClosed())
		Consistently(leaving.Done(), "100ms").ShouldNot(BeClosed())
		mend()
		Eventually(leaving.Done()).WithTimeout(soon).Should(BeClosed())
		usable()
	})

	It("has a loss told once", func() {
		Expect(try(alice)).To(Succeed())
		mend := w.breakStore()
		w.engine.Delete("hal-dev-0.fix")
		w.settled("hal-dev-0")
		w.engine.Kill("hal-dev-0", 0)
		w.settled("hal-dev-0")
		Expect(w.claims.Get("fix")).To(HaveField("Phase", claim.Lost))
		Expect(w.told("ClaimLost")).To(HaveLen(1))
		mend()
		w.release(alice, "fix")
	})
})
