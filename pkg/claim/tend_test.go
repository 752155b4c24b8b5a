package claim_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("A claimed worker", func() {
	var (
		w   *world
		got claim.Record
	)
	BeforeEach(func() {
		w = newWorld()
		w.settled("hal-dev-0", "hal-dev-1")
		w.engine.OnSession(swallow)
		got = w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop"), Env: map[string]string{"A": "b"}})
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
	})
	alive := func() {
		GinkgoHelper()
		Eventually(w.workers).WithTimeout(soon).Should(ContainElement("hal-dev-0.fix"))
	}

	It("that ends is started again, with its directories bound before, and its variables after", func() {
		var mu sync.Mutex
		var steps []string
		note := func(step string) {
			mu.Lock()
			defer mu.Unlock()
			steps = append(steps, step)
		}
		w.binder.forget()
		w.binder.onBind(func(worker, slot string) error { note("bind " + worker + " " + slot); return nil })
		w.engine.Fail(func(c fake.Call) error {
			if c.ID == got.Worker && (c.Method == "start" || c.Method == "session") {
				note(c.Method)
			}
			return nil
		})
		w.engine.Kill("hal-dev-0.fix", 1)
		alive()
		Eventually(func() []string {
			mu.Lock()
			defer mu.Unlock()
			return append([]string{}, steps...)
		}).WithTimeout(soon).Should(Equal([]string{"bind hal-dev-0 workspace", "start", "session"}))
		Expect(w.claims.Get("fix")).To(Equal(got))
		Eventually(func() []string { return w.told("ClaimStarted") }).WithTimeout(soon).Should(HaveLen(1))
	})

	It("that ends again at once is started again a little later", func() {
		w.engine.Kill("hal-dev-0.fix", 1)
		alive()
		w.engine.Kill("hal-dev-0.fix", 1)
		alive()
	})

	It("that cannot be started is tried again, and it is told why", func() {
		w.engine.Fail(once("start", errors.New("boom")))
		w.engine.Kill("hal-dev-0.fix", 1)
		alive()
		Expect(w.told("ClaimNotStarted")).To(ConsistOf(ContainSubstring("boom")))
	})

	It("is not started with another project than it had", func() {
		Expect(os.Remove(got.Project)).To(Succeed())
		Expect(os.Symlink("/etc", got.Project)).To(Succeed())
		w.binder.forget()
		w.engine.Kill("hal-dev-0.fix", 1)
		Eventually(func() []string { return w.told("ClaimNotStarted") }).WithTimeout(soon).ShouldNot(BeEmpty())
		Expect(w.workers()).NotTo(ContainElement("hal-dev-0.fix"))
		Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
	})

	It("is not bound anything, nor started, when it is released before that begins", func() {
		resolving := park()
		w.binder.forget()
		w.binder.onBind(func(string, string) error { return resolving.wait() })
		w.engine.Kill("hal-dev-0.fix", 1)
		Eventually(resolving.arrived).WithTimeout(soon).Should(BeClosed())
		released := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(released)
			w.release(me, "fix")
		}()
		Consistently(func() bool { return w.has(got.Worker) }, "100ms").Should(BeTrue(), "its slots are its own for as long as they are worked on")
		resolving.goOn <- nil
		Eventually(released).WithTimeout(soon).Should(BeClosed())
		w.nothingLeft()
		Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
	})

	It("that the engine once does not know of, and lists, is not lost", func() {
		var looks atomic.Int32
		w.engine.Fail(func(c fake.Call) error {
			if c.Method == "inspect" && c.ID == got.Worker && looks.Add(1) <= 3 {
				return runtime.ErrNotFound
			}
			return nil
		})
		w.engine.Edit("hal-dev-0.fix", func(*runtime.Container, *runtime.Inspection) {}) // it tells of a change
		Eventually(looks.Load).WithTimeout(soon).Should(BeNumerically(">", 3))
		Expect(w.told("ClaimLost")).To(BeEmpty())
		Expect(w.claims.Get("fix")).To(Equal(got))
	})

	It("that is gone is lost, and stays on record until it is released", func() {
		w.engine.Delete("hal-dev-0.fix")
		Eventually(func() claim.Phase { r, _ := w.claims.Get("fix"); return r.Phase }).WithTimeout(soon).Should(Equal(claim.Lost))
		Expect(w.onDisk()).To(ConsistOf(HaveField("Phase", claim.Lost)))
		Expect(w.told("ClaimLost")).To(HaveLen(1))
		_, err := w.claims.Use(me, "fix", "exec")
		Expect(err).To(refusal(`claim "fix" is lost`))
		_, err = w.claims.Claim(context.Background(), me, claim.Request{Name: "fix", Pool: "dev"})
		Expect(err).To(refusal(`claim "fix" has lost its worker: release it first`))
		w.crash()
		Expect(w.claims.Get("fix")).To(HaveField("Phase", claim.Lost))
		w.release(me, "fix")
		w.nothingLeft()
	})

	It("that is removed while it is started again is lost, and its slots left to the one that has its number next", func() {
		starting := park()
		w.engine.Fail(func(c fake.Call) error {
			if c.Method == "start" && c.ID == got.Worker {
				return starting.wait()
			}
			return nil
		})
		w.engine.Kill("hal-dev-0.fix", 1)
		Eventually(starting.arrived).WithTimeout(soon).Should(BeClosed())
		w.declare(newPool("dev", sized(3, 10)))
		w.engine.Delete("hal-dev-0.fix")
		w.settled("hal-dev-0", "hal-dev-1", "hal-dev-2")
		starting.goOn <- nil
		Eventually(func() claim.Phase { r, _ := w.claims.Get("fix"); return r.Phase }).WithTimeout(soon).Should(Equal(claim.Lost))
		Expect(w.binder.Workers()).To(ContainElement("hal-dev-0"))
		Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
	})

	It("makes no ghost where a listing shows it after it was removed", func() {
		listed := w.listing()
		w.release(me, "fix")
		listed.goOn <- nil
		Consistently(w.claims.List, "100ms").Should(BeEmpty())
		Expect(w.told("ClaimRecovered")).To(BeEmpty())
		Expect(w.onDisk()).To(BeEmpty())
	})

	It("that somebody names after a claim is known as recovered", func() {
		w.engine.Edit("hal-dev-1", func(c *runtime.Container, i *runtime.Inspection) {
			c.Name, i.Spec.Name = "hal-dev-1.mine", "hal-dev-1.mine"
		})
		Eventually(w.claims.List).WithTimeout(soon).Should(ContainElement(And(HaveField("Name", "mine"), HaveField("Recovered", true))))
	})

	It("stays, whatever becomes of its pool", func() {
		w.declare(newPool("dev", sized(0, 1), func(p *spec.Pool) { p.Spec.Workers.Template.User = "7" }))
		w.engine.Kill("hal-dev-1", 0) // a pass
		w.settled("hal-dev-0.fix")
		w.mu.Lock()
		delete(w.pools, "dev")
		w.mu.Unlock()
		w.crash()
		Consistently(w.workers, "200ms").Should(Equal([]string{"hal-dev-0.fix"}))
	})

	It("gets its secrets told as lost when neither it nor the controller has them any more", func() {
		w.claim(alice, claim.Request{Name: "key", Pool: "dev", Secrets: map[string][]byte{"key": []byte("s")}})
		w.crash()
		w.engine.Kill("hal-dev-1.key", 1)
		Eventually(func() []string { return w.told("SecretsLost") }).WithTimeout(soon).Should(ConsistOf(HavePrefix("SecretsLost key: ")))
	})
})
