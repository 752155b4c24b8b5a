package fake_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
)

var _ = Describe("The fake's mishaps", func() {
	var (
		r   *fake.Runtime
		now time.Time
	)
	worker := runtime.ContainerSpec{
		Name: "hal-dev-0", Image: "hal/worker", Env: []runtime.EnvVar{{Name: "A", Value: "b"}},
		Owner: runtime.Owner{Pool: "dev", Role: runtime.RoleWorker},
	}
	start := func(ctx context.Context) string {
		GinkgoHelper()
		id, err := r.Create(ctx, worker)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Start(ctx, id)).To(Succeed())
		return id
	}

	BeforeEach(func() {
		now = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		r = fake.New(func() time.Time { return now })
		r.AddImage("hal/worker")
	})

	It("keep a history of calls as text, and of those that change something", func(ctx SpecContext) {
		id := start(ctx)
		_, err := r.List(ctx, "dev")
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Rename(ctx, id, "hal-dev-0.x")).To(Succeed())
		_, err = r.Exec(ctx, id, []string{"claude", "--version"})
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Calls()).To(Equal([]string{
			"create hal-dev-0", "start hal-dev-0", "list dev", "rename hal-dev-0 hal-dev-0.x", "exec hal-dev-0.x claude --version",
		}))
		Expect(r.Changes()).To(Equal([]string{"create hal-dev-0", "start hal-dev-0", "rename hal-dev-0 hal-dev-0.x"}))
		Expect(r.Count("list")).To(Equal(1))
		r.ResetCalls()
		Expect(r.Calls()).To(BeEmpty())
	})

	It("fail a call before it is done", func(ctx SpecContext) {
		broken := errors.New("broken")
		r.Fail(func(c fake.Call) error {
			if c.Method == "create" && c.Name == "hal-dev-0" {
				return broken
			}
			return nil
		})
		_, err := r.Create(ctx, worker)
		Expect(err).To(MatchError(broken))
		Expect(r.List(ctx, "")).To(BeEmpty())
		r.Fail(nil)
		start(ctx)
	})

	It("lose the reply to a call that was done", func(ctx SpecContext) {
		lost := errors.New("unexpected EOF")
		r.LoseReply(func(fake.Call) error { return lost })
		id, err := r.Create(ctx, worker)
		Expect(err).To(MatchError(lost))
		Expect(id).To(BeEmpty())
		r.LoseReply(nil)
		Expect(r.List(ctx, "")).To(HaveLen(1))
		_, err = r.Create(ctx, worker)
		Expect(err).To(MatchError(runtime.ErrNameTaken))
	})

	It("take the engine away with its streams, and bring it back with all it had", func(ctx SpecContext) {
		start(ctx)
		ended, opened := make(chan error, 1), make(chan struct{})
		go func() { ended <- r.Events(ctx, func() { close(opened) }, func(runtime.Event) {}) }()
		Eventually(opened).Should(BeClosed())
		r.Down(true)
		Eventually(ended).Should(Receive(MatchError(runtime.ErrUnavailable)))
		_, err := r.List(ctx, "")
		Expect(err).To(MatchError(runtime.ErrUnavailable))
		r.Down(false)
		Expect(r.List(ctx, "")).To(ConsistOf(HaveField("State", runtime.StateRunning)))
	})

	It("kill, starve and pause containers", func(ctx SpecContext) {
		start(ctx)
		now = now.Add(time.Minute)
		Expect(r.Kill("hal-dev-0", 1)).To(BeTrue())
		c, _ := r.Container("hal-dev-0")
		Expect(c.State).To(Equal(runtime.StateExited))
		Expect(c.Inspection.ExitCode).To(Equal(1))
		Expect(c.Inspection.FinishedAt).To(Equal(now))
		Expect(r.Kill("hal-dev-0", 1)).To(BeFalse())
		Expect(r.Start(ctx, c.ID)).To(Succeed())
		Expect(r.OOM("hal-dev-0")).To(BeTrue())
		c, _ = r.Container("hal-dev-0")
		Expect(c.Inspection.OOMKilled).To(BeTrue())
		Expect(c.Inspection.ExitCode).To(Equal(137))
		Expect(r.Start(ctx, c.ID)).To(Succeed())
		Expect(r.Pause("hal-dev-0")).To(BeTrue())
		c, _ = r.Container("hal-dev-0")
		Expect(c.State).To(Equal(runtime.StatePaused))
		Expect(c.Inspection.OOMKilled).To(BeFalse())
	})

	It("have a started container exit at once", func(ctx SpecContext) {
		r.StartExits(func(s runtime.ContainerSpec) (int, bool) { return 2, s.Name == "hal-dev-0" })
		start(ctx)
		c, _ := r.Container("hal-dev-0")
		Expect(c.State).To(Equal(runtime.StateExited))
		Expect(c.Inspection.ExitCode).To(Equal(2))
	})

	It("make the volumes that a container names, like Docker: nobody's", func(ctx SpecContext) {
		spec := worker
		spec.Mounts = []runtime.Mount{{Type: runtime.MountVolume, Source: "hal-dev-data", Target: "/data"}}
		_, err := r.Create(ctx, spec)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.CreateVolume(ctx, runtime.VolumeSpec{Name: "hal-dev-data", Pool: "dev"})).To(MatchError(runtime.ErrForeign))
	})

	It("are shown whole by a snapshot, which later changes leave alone", func(ctx SpecContext) {
		r.AddForeign("postgres")
		id := start(ctx)
		before := r.Snapshot()
		Expect(before.Foreign).To(ConsistOf(HaveField("Name", "postgres")))
		Expect(before.Containers).To(HaveLen(1))
		before.Containers[0].Inspection.Spec.Env[0].Value = "changed"
		Expect(r.Remove(ctx, id)).To(Succeed())
		Expect(before.Containers).To(HaveLen(1))
		Expect(worker.Env[0].Value).To(Equal("b"))
	})

	It("give the same ids for the same calls", func(ctx SpecContext) {
		first := start(ctx)
		r = fake.New(time.Now)
		r.AddImage("hal/worker")
		Expect(start(ctx)).To(Equal(first))
	})
})

func BenchmarkList(b *testing.B) {
	r := fake.New(time.Now)
	r.AddImage("i")
	for i := range 50 {
		spec := runtime.ContainerSpec{Name: fmt.Sprint(i), Image: "i", Owner: runtime.Owner{Pool: "dev"}}
		if _, err := r.Create(b.Context(), spec); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := r.List(b.Context(), "dev"); err != nil {
			b.Fatal(err)
		}
	}
}
