package claim_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("A claim", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.settled("hal-dev-0", "hal-dev-1")
	})

	It("is another person's where root asks for that, and nobody else may", func() {
		_, err := w.claims.Claim(context.Background(), bob, claim.Request{Name: "fix", Pool: "dev", For: &alice})
		Expect(err).To(refusal("only root may claim for another person"))
		w.nothingLeft()
		w.claim(root, claim.Request{Name: "fix", Pool: "dev", For: &alice})
		_, err = w.claims.Use(alice, "fix", "exec")
		Expect(err).NotTo(HaveOccurred())
		_, err = w.claims.Use(bob, "fix", "exec")
		Expect(err).To(refusal("another person's"))
	})

	It("gets a warm worker, whose place is filled", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		Expect(got).To(And(
			HaveField("Phase", claim.Bound), HaveField("Caller", alice), HaveField("Container()", "hal-dev-0.fix"),
			HaveField("Inside.UID", uint32(1001)), HaveField("Expires", BeZero()),
		))
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
		Expect(w.claims.Get("fix")).To(Equal(got))
		Expect(w.told("Claimed")).To(Equal([]string{"Claimed fix: has hal-dev-0.fix"}))
	})

	It("gives the same worker when it is repeated", func() {
		request := claim.Request{Name: "fix", Pool: "dev", Project: w.project("shop")}
		first := w.claim(me, request)
		Expect(w.claim(me, request)).To(Equal(first))
		w.settled("hal-dev-0.fix", "hal-dev-1", "hal-dev-2")
	})

	It("gives two who make it at once the same worker", func() {
		for range 20 {
			request := claim.Request{Name: "fix", Pool: "dev"}
			one, _ := w.begin(alice, request)
			two, _ := w.begin(alice, request)
			var a, b outcome
			Eventually(one).WithTimeout(soon).Should(Receive(&a))
			Eventually(two).WithTimeout(soon).Should(Receive(&b))
			Expect(a.Err).NotTo(HaveOccurred())
			Expect(b).To(Equal(a))
			w.release(alice, "fix")
		}
	})

	It("is made for the second of two at once when the first does not come about", func() {
		w.engine.Fail(once("rename", errors.New("boom")))
		one, _ := w.begin(alice, claim.Request{Name: "fix", Pool: "dev"})
		Eventually(one).WithTimeout(soon).Should(Receive(HaveField("Err", MatchError(ContainSubstring("boom")))))
		w.nothingLeft()
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
	})

	DescribeTable("is refused under the name of one that is another",
		func(who bind.Caller, pool, project, words string) {
			w.declare(newPool("ci"))
			w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
			before := w.claims.List()
			if project != "" {
				project = w.project(project)
			}
			_, err := w.claims.Claim(context.Background(), who, claim.Request{Name: "fix", Pool: pool, Project: project})
			Expect(err).To(refusal(words))
			Expect(w.claims.List()).To(Equal(before))
		},
		Entry("person's", bob, "dev", "", `the name "fix" is taken by another person's claim: choose another`),
		Entry("pool's", alice, "ci", "", `claim "fix" has a worker of pool "dev": release it first`),
		Entry("project's", root, "dev", "shop", `claim "fix" has nothing in its workspace: release it first`),
	)

	DescribeTable("that cannot be is refused and leaves nothing",
		func(change func(*claim.Request), words string) {
			request := claim.Request{Name: "fix", Pool: "dev", Secrets: map[string][]byte{}, Env: map[string]string{}}
			change(&request)
			w.engine.ResetCalls()
			_, err := w.claims.Claim(context.Background(), me, request)
			Expect(err).To(refusal(words))
			Expect(w.engine.Changes()).To(BeEmpty())
			w.nothingLeft()
		},
		Entry("for its name", func(r *claim.Request) { r.Name = "Fix_It" }, "name of the claim: "),
		Entry("for a name that leads elsewhere", func(r *claim.Request) { r.Name = "../x" }, "name of the claim: "),
		Entry("for its pool", func(r *claim.Request) { r.Pool = "deb" }, `no pool "deb"`),
		Entry("for a project that is not there", func(r *claim.Request) { r.Project = "/nowhere" }, "project /nowhere: there is no such directory"),
		Entry("for a project outside of the roots", func(r *claim.Request) { r.Project = os.TempDir() }, "outside of where projects may be"),
		Entry("for the whole machine", func(r *claim.Request) { r.Project = "/" }, "the whole file system"),
		Entry("for a project that is no path from /", func(r *claim.Request) { r.Project = "shop" }, "not an absolute path"),
		Entry("for the name of a secret", func(r *claim.Request) { r.Secrets["../key"] = nil }, "name of the secret: "),
		Entry("for the size of a secret", func(r *claim.Request) { r.Secrets["key"] = make([]byte, 1<<20+1) }, "at most 1048576"),
		Entry("for a variable", func(r *claim.Request) { r.Env["A B"] = "x" }, `"A B" is no variable`),
		Entry("for the value of a variable", func(r *claim.Request) { r.Env["A"] = "x\x00" }, `"A" is no variable`),
	)

	It("says that there is no such claim, and which is nearest", func() {
		w.claim(alice, claim.Request{Name: "fix-bug", Pool: "dev"})
		_, err := w.claims.Get("fix-bog")
		Expect(err).To(And(refusal(`no claim "fix-bog": did you mean "fix-bug"?`), HaveField("NotFound", true)))
	})

	It("is on disk as Binding before anything is done, and as Bound before it is told", func() {
		var before []claim.Phase
		w.engine.Fail(func(c fake.Call) error {
			if c.Method == "rename" || c.Method == "session" {
				for _, r := range w.onDisk() {
					before = append(before, r.Phase)
				}
			}
			return nil
		})
		w.engine.ResetCalls()
		w.engine.OnSession(swallow)
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev", Env: map[string]string{"A": "b"}})
		Expect(before).To(Equal([]claim.Phase{claim.Binding, claim.Binding}))
		Expect(w.onDisk()).To(ConsistOf(HaveField("Phase", claim.Bound)))
		w.release(alice, "fix")
		Expect(w.onDisk()).To(BeEmpty())
	})

	It("is used by its person, administrators and root only", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		for _, who := range []bind.Caller{alice, admin, root} {
			Expect(w.claims.Use(who, "fix", "exec")).To(Equal(got))
		}
		_, err := w.claims.Use(bob, "fix", "exec")
		Expect(err).To(refusal(`claim "fix" is another person's`))
		_, err = w.claims.Extend(bob, "fix", time.Hour)
		Expect(err).To(refusal(`claim "fix" is another person's`))
		_, err = w.claims.Release(bob, "fix", claim.ReleaseOptions{})
		Expect(err).To(refusal(`claim "fix" is another person's`))
	})

	Describe("whose worker cannot be made ready", func() {
		DescribeTable("destroys it and claims nothing",
			func(breakIt func(), words string) {
				w.engine.OnSession(swallow)
				first, _ := w.engine.Container("hal-dev-0")
				breakIt()
				_, err := w.claims.Claim(context.Background(), me, claim.Request{
					Name: "fix", Pool: "dev", Project: w.project("shop"), Secrets: map[string][]byte{"key": []byte("s")},
				})
				Expect(err).To(MatchError(And(ContainSubstring(`claim "fix": `), ContainSubstring(words))))
				w.nothingLeft()
				Expect(w.has(first.ID)).To(BeFalse())
				Expect(w.binder.bound("hal-dev-0")).To(BeEmpty())
			},
			Entry("for its name", func() { w.engine.Fail(once("rename", errors.New("boom"))) }, "rename its worker to hal-dev-0.fix: boom"),
			Entry("for its name, of which only the answer is lost", func() { w.engine.LoseReply(once("rename", errors.New("boom"))) }, "boom"),
			Entry("for its project", func() { w.binder.onBind(func(string, string) error { return errors.New("boom") }) }, "boom"),
			Entry("for its secrets", func() { w.engine.Fail(once("session", errors.New("boom"))) }, "deliver its secrets: boom"),
			Entry("for what its image lacks", func() {
				w.engine.OnSession(func(context.Context, *fake.Process) int { return 127 })
			}, "its image needs sh"),
		)
	})

	It("has the user of the image that its worker was made from, whatever the name of that stands for by now", func() {
		rebuilt := w.engine.AddImage("worker:1")
		w.engine.OnExec(func(c runtime.Container, _ []string) runtime.ExecResult {
			if c.ImageID == rebuilt {
				return runtime.ExecResult{Output: "2002 2003"}
			}
			return runtime.ExecResult{Output: "1001 1001"}
		})
		for _, name := range []string{"a", "b"} {
			w.claim(alice, claim.Request{Name: name, Pool: "dev"})
		}
		w.settled("hal-dev-0.a", "hal-dev-1.b", "hal-dev-2", "hal-dev-3")
		got := w.claim(alice, claim.Request{Name: "c", Pool: "dev"})
		Expect(got.Container()).To(Equal("hal-dev-2.c"))
		Expect(got.Inside).To(And(HaveField("UID", uint32(2002)), HaveField("GID", uint32(2003))))
	})

	It("asks one worker of a kind who its user is, however many are claimed at once", func() {
		rebuilt := w.engine.AddImage("worker:1")
		var asked atomic.Int64
		answer := make(chan struct{})
		w.engine.OnExec(func(c runtime.Container, _ []string) runtime.ExecResult {
			if c.ImageID == rebuilt {
				asked.Add(1)
				<-answer
			}
			return runtime.ExecResult{Output: "1001 1001"}
		})
		w.engine.Kill("hal-dev-0", 0)
		w.engine.Kill("hal-dev-1", 0)
		w.settled("hal-dev-2", "hal-dev-3")
		a, _ := w.begin(alice, claim.Request{Name: "a", Pool: "dev"})
		b, _ := w.begin(alice, claim.Request{Name: "b", Pool: "dev"})
		Eventually(w.workers).WithTimeout(soon).Should(ContainElements(HaveSuffix(".a"), HaveSuffix(".b")))
		close(answer)
		for _, got := range []chan outcome{a, b} {
			Eventually(got).WithTimeout(soon).Should(Receive(HaveField("Err", BeNil())))
		}
		Expect(asked.Load()).To(Equal(int64(1)))
	})

	It("is delivered its variables and secrets over standard input, and nothing of them is kept", func() {
		var got strings.Builder
		w.engine.OnSession(func(ctx context.Context, p *fake.Process) int {
			_, err := copyAll(&got, p.Stdin)
			Expect(err).NotTo(HaveOccurred())
			return 0
		})
		record := w.claim(alice, claim.Request{
			Name: "fix", Pool: "dev", Env: map[string]string{"TOKEN": "it's canary"}, Secrets: map[string][]byte{"key": []byte("canary")},
		})
		Expect(got.String()).To(Equal("30 /run/secrets/.env\nexport TOKEN='it'\\''s canary'\n6 /run/secrets/key\ncanary"))
		Expect(record.WithEnv([]string{"env"})).To(HaveLen(5))
		Expect(w.everything()).NotTo(ContainSubstring("canary"))
	})

})

var _ = Describe("A claim on a pool with volumes of persons", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld(personal)
		w.settled("hal-dev-0", "hal-dev-1")
	})

	It("has its project and the person's own directories bound in its worker, and in no other", func() {
		project := w.project("shop")
		got := w.claim(me, claim.Request{Name: "fix", Pool: "dev", Project: project})
		Expect(got.Project).To(Equal(project))
		Expect(w.binder.bound("hal-dev-0")).To(And(
			HaveKeyWithValue(reconcile.WorkspaceSlot, project),
			HaveKeyWithValue(reconcile.UserSlot("home"), HaveSuffix("/users/home")), HaveLen(2),
		))
		Expect(w.binder.bound("hal-dev-1")).To(BeEmpty())
	})

	It("is refused, where nothing can be bound any more", func() {
		w.stop()
		claimable := &reconcile.Claimable{}
		bare := claim.New(claim.Options{
			Runtime: w.engine, Sessions: w.engine, Claimable: claimable, Unbindable: errors.New("not root"),
			Pool:    func(name string) (*spec.Pool, bool) { m, known := w.Manifest(name); return m.Pool, known },
			Enqueue: func(string) {}, Event: w.event, Now: time.Now, Log: GinkgoLogr,
			Admin:   func(bind.Caller) bool { return false },
			UserDir: func(bind.Caller, string, string) (string, error) { return w.project("own"), nil },
		})
		worker, _ := w.engine.Container("hal-dev-0")
		claimable.Offer("dev", []reconcile.Offered{reconcile.OfferOf(worker)})
		_, err := bare.Claim(context.Background(), me, claim.Request{Name: "fix", Pool: "dev"})
		Expect(err).To(MatchError(ContainSubstring("cannot be bound into a worker: not root")))
		bare.Wait()
		Expect(w.has(worker.ID)).To(BeFalse())
	})
})
