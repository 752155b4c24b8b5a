package claim_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("A claim that finds no worker ready", func() {
	var w *world
	// existing counts the workers that the engine has, whatever their state.
	existing := func() int {
		n := 0
		for _, c := range w.engine.Snapshot().Containers {
			if c.Owner.Role == runtime.RoleWorker {
				n++
			}
		}
		return n
	}

	Describe("and fails at once", func() {
		It("is refused, with a way out, and leaves nothing", func() {
			w = newWorld(sized(0, 3), whenEmpty(spec.OnEmptyFail))
			_, err := w.claims.Claim(context.Background(), alice, claim.Request{Name: "fix", Pool: "dev"})
			Expect(err).To(refusal(`pool "dev" has no worker ready: try again, or wait with --on-empty queue`))
			w.nothingLeft()
		})

		It("gets a worker that there is", func() {
			w = newWorld(sized(1, 3), whenEmpty(spec.OnEmptyFail))
			// That it runs is not yet that it is offered.
			Eventually(func() error {
				_, err := w.claims.Claim(context.Background(), alice, claim.Request{Name: "fix", Pool: "dev"})
				return err
			}).Should(Succeed())
			Expect(w.workers()).To(ContainElement("hal-dev-0.fix"))
		})
	})

	Describe("and has one made", func() {
		It("gets one beyond those that are kept warm, and none is left over", func() {
			w = newWorld(sized(0, 3), whenEmpty(spec.OnEmptyCold))
			Expect(w.workers()).To(BeEmpty())
			w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			w.settled("hal-dev-0.fix")
			Consistently(w.workers, "100ms").Should(HaveLen(1))
		})

		It("waits at max until another is released", func() {
			w = newWorld(sized(0, 2), whenEmpty(spec.OnEmptyCold))
			w.claim(alice, claim.Request{Name: "one", Pool: "dev"})
			w.claim(alice, claim.Request{Name: "two", Pool: "dev"})
			three, _ := w.begin(alice, claim.Request{Name: "three", Pool: "dev"})
			Eventually(func() int { return w.claims.Waiting("dev") }).WithTimeout(soon).Should(Equal(1))
			Consistently(existing, "100ms").Should(Equal(2))
			w.release(alice, "one")
			Eventually(three).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
			Expect(existing()).To(Equal(2))
		})

		It("is made one even where the pool says otherwise, if it asks for that", func() {
			w = newWorld(sized(0, 3), whenEmpty(spec.OnEmptyFail))
			w.claim(alice, claim.Request{Name: "fix", Pool: "dev", OnEmpty: spec.OnEmptyCold})
		})

		It("has none made any more when its person goes away", func() {
			w = newWorld(sized(0, 3), whenEmpty(spec.OnEmptyCold))
			start := park()
			w.engine.Fail(start.at("start"))
			ended, cancel := w.begin(alice, claim.Request{Name: "fix", Pool: "dev"})
			Eventually(start.arrived).WithTimeout(soon).Should(BeClosed())
			cancel()
			Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", MatchError(context.Canceled))))
			start.goOn <- nil
			w.nothingLeft()
		})
	})

	Describe("and waits in line", func() {
		BeforeEach(func() { w = newWorld(sized(1, 1), whenEmpty(spec.OnEmptyQueue)); w.settled("hal-dev-0") })

		It("is served first come, first served, and is told its place whenever that changes", func() {
			w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
			const waiting = 4
			var ended [waiting]chan outcome
			places := make([]chan int, waiting)
			for i := range waiting {
				places[i] = make(chan int, 2*waiting)
				ended[i], _ = w.begin(alice, claim.Request{Name: fmt.Sprintf("w%d", i), Pool: "dev", Place: func(n int) { places[i] <- n }})
				Eventually(places[i]).WithTimeout(soon).Should(Receive(Equal(i)))
			}
			last := "first"
			for i := range waiting {
				w.release(alice, last)
				Eventually(ended[i]).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
				last = fmt.Sprintf("w%d", i)
				for after := i + 1; after < waiting; after++ {
					Expect(ended[after]).NotTo(Receive())
					Eventually(places[after]).WithTimeout(soon).Should(Receive(Equal(after - i - 1)))
				}
			}
			for i := range waiting {
				Expect(places[i]).NotTo(Receive(), "a place is told once")
			}
		})

		It("has no worker made beyond those that are kept warm", func() {
			w.declare(newPool("dev", sized(1, 5), whenEmpty(spec.OnEmptyQueue)))
			w.claim(alice, claim.Request{Name: "a", Pool: "dev"})
			w.claim(alice, claim.Request{Name: "b", Pool: "dev"})
			Expect(w.claims.Waiting("dev")).To(BeZero())
			w.settled("hal-dev-0.a", "hal-dev-1.b", "hal-dev-2")
			Consistently(existing, "50ms").Should(Equal(3))
		})

		It("ends after its time, and leaves nothing in line", func() {
			w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
			_, err := w.claims.Claim(context.Background(), alice, claim.Request{Name: "fix", Pool: "dev", Wait: 20 * time.Millisecond})
			Expect(err).To(And(MatchError(claim.ErrWaited), MatchError(ContainSubstring(`claim "fix" on pool "dev": no worker became ready in time: waited 20ms`))))
			w.release(alice, "first")
			w.nothingLeft()
		})

		It("ends after its time behind another of its name, too", func() {
			w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
			waits := make(chan int, 1)
			w.begin(alice, claim.Request{Name: "fix", Pool: "dev", Place: func(n int) { waits <- n }})
			Eventually(waits).WithTimeout(soon).Should(Receive())
			ctx, cancel := context.WithTimeout(context.Background(), soon)
			defer cancel()
			_, err := w.claims.Claim(ctx, alice, claim.Request{Name: "fix", Pool: "dev", Wait: 20 * time.Millisecond})
			Expect(err).To(MatchError(claim.ErrWaited))
		})

		It("is refused when its pool is deleted", func() {
			w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
			placed := make(chan int, 1)
			ended, _ := w.begin(alice, claim.Request{Name: "fix", Pool: "dev", Place: func(n int) { placed <- n }})
			Eventually(placed).WithTimeout(soon).Should(Receive())
			w.mu.Lock()
			clear(w.pools)
			w.mu.Unlock()
			Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", refusal(`no pool "dev"`))))
			Expect(w.claims.Waiting("dev")).To(BeZero())
		})

		It("leaves nothing in line when its person goes away", func() {
			w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
			placed := make(chan int, 10)
			ended, cancel := w.begin(alice, claim.Request{Name: "fix", Pool: "dev", Place: func(n int) { placed <- n }})
			Eventually(placed).WithTimeout(soon).Should(Receive(BeZero()))
			behind, _ := w.begin(alice, claim.Request{Name: "behind", Pool: "dev"})
			cancel()
			Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", MatchError(context.Canceled))))
			w.release(alice, "first")
			Eventually(behind).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
			w.release(alice, "behind")
			w.nothingLeft()
		})
	})

	DescribeTable("leaves nothing in the end when its person goes away just after it got one, at any call",
		func(method string) {
			w = newWorld(sized(1, 3))
			w.settled("hal-dev-0")
			w.engine.OnSession(swallow)
			ctx, cancel := context.WithCancel(context.Background())
			w.engine.LoseReply(func(c fake.Call) error {
				if c.Method == method {
					cancel()
				}
				return nil
			})
			_, err := w.claims.Claim(ctx, me, claim.Request{
				Name: "fix", Pool: "dev", Project: w.project("shop"), Env: map[string]string{"A": "b"},
			})
			Expect(err).To(MatchError(context.Canceled))
			w.nothingLeft()
			Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
		},
		Entry("of the name", "rename"),
		Entry("of the secrets", "session"),
	)

	It("leaves nothing in the end when its person goes away while it is bound", func() {
		w = newWorld(sized(1, 3))
		w.settled("hal-dev-0")
		ctx, cancel := context.WithCancel(context.Background())
		w.binder.onBind(func(string, string) error { cancel(); return nil })
		_, err := w.claims.Claim(ctx, me, claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop")})
		Expect(err).To(MatchError(context.Canceled))
		w.nothingLeft()
	})

	It("does not hang with its worker in a command that never ends", func() {
		w = newWorld(sized(1, 3))
		w.settled("hal-dev-0")
		reading := make(chan struct{})
		w.engine.OnSession(func(ctx context.Context, p *fake.Process) int {
			close(reading)
			<-ctx.Done()
			return 1
		})
		ended, cancel := w.begin(alice, claim.Request{Name: "fix", Pool: "dev", Secrets: map[string][]byte{"key": make([]byte, 1<<20)}})
		Eventually(reading).WithTimeout(soon).Should(BeClosed())
		cancel()
		Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", MatchError(context.Canceled))))
		w.nothingLeft()
	})

	It("is given a worker as soon as that runs, whatever else the pass is still at", func() {
		w = newWorld(sized(1, 1), whenEmpty(spec.OnEmptyQueue))
		w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
		placed := make(chan int, 1)
		ended, _ := w.begin(alice, claim.Request{Name: "fix", Pool: "dev", Place: func(n int) { placed <- n }})
		Eventually(placed).WithTimeout(soon).Should(Receive())
		held := park()
		w.engine.Fail(held.at("create")) // the first of two
		w.declare(newPool("dev", sized(2, 3), whenEmpty(spec.OnEmptyQueue)))
		w.engine.Kill("hal-dev-0.first", 0) // a pass
		Eventually(held.arrived).WithTimeout(soon).Should(BeClosed())
		Eventually(ended).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
		held.goOn <- nil
	})

	It("is given no worker that was claimed and released while a pass had it listed as ready", func() {
		w = newWorld(sized(1, 2), whenEmpty(spec.OnEmptyCold))
		w.settled("hal-dev-0")
		listed := w.listing()
		w.claim(alice, claim.Request{Name: "first", Pool: "dev"})
		w.release(alice, "first")
		ended, _ := w.begin(alice, claim.Request{Name: "fix", Pool: "dev"})
		Eventually(func() int { return w.claims.Waiting("dev") }).WithTimeout(soon).Should(Equal(1))
		listed.goOn <- nil
		var got outcome
		Eventually(ended).WithTimeout(soon).Should(Receive(&got))
		Expect(got.Err).NotTo(HaveOccurred())
		Expect(w.has(got.Record.Worker)).To(BeTrue())
	})
})
