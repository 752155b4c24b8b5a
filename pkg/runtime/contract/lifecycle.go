package contract

import (
	"errors"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func creating(at func() *engine) {
	Describe("Create", func() {
		It("is ErrNameTaken for the name of another container of the instance", func(ctx SpecContext) {
			e := at()
			e.create(ctx, e.worker("0", "sleep"))
			_, err := e.Runtime.Create(ctx, e.worker("0", "sleep"))
			Expect(err).To(MatchError(runtime.ErrNameTaken))
		})

		It("is ErrForeign for the name of a container of somebody else, and says the way out", func(ctx SpecContext) {
			e := at()
			e.ForeignContainer(e.name("0"))
			_, err := e.Runtime.Create(ctx, e.worker("0", "sleep"))
			Expect(err).To(MatchError(runtime.ErrForeign))
			Expect(err).To(MatchError(ContainSubstring("remove or rename it")))
		})

		It("makes one container of two creates at one time", func(ctx SpecContext) {
			e := at()
			var group sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				group.Go(func() { _, errs[i] = e.Runtime.Create(ctx, e.worker("0", "sleep")) })
			}
			group.Wait()
			// A loser may come while the name is held and the winner is not made
			// yet: that is a conflict to retry, with nobody to blame.
			made := 0
			for _, err := range errs {
				if err == nil {
					made++
				}
				Expect(errors.Is(err, runtime.ErrForeign)).To(BeFalse())
			}
			Expect(made).To(Equal(1), "%v", errs)
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(HaveLen(1))
		})

		It("is ErrImageMissing for an image that the engine does not have", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Image = e.name("no-such-image") + ":v1"
			_, err := e.Runtime.Create(ctx, spec)
			Expect(err).To(MatchError(runtime.ErrImageMissing))
		})

		It("is ErrNotFound for a network that does not exist, and makes nothing", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Network = e.name("nowhere")
			_, err := e.Runtime.Create(ctx, spec)
			Expect(err).To(MatchError(runtime.ErrNotFound))
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(BeEmpty())
		})

		It("is ErrNotFound for a sandbox that does not exist, and makes nothing", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Sandbox = e.name("nowhere")
			_, err := e.Runtime.Create(ctx, spec)
			Expect(err).To(MatchError(runtime.ErrNotFound))
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(BeEmpty())
		})
	})
}

func starting(at func() *engine) {
	Describe("Start", func() {
		It("starts a created container, and a running one is no error", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			Expect(e.listed(ctx, id).State).To(Equal(runtime.StateRunning))
			started := e.inspect(ctx, id).StartedAt
			Expect(started).To(BeTemporally("~", time.Now(), time.Minute))
			Expect(e.Runtime.Start(ctx, id)).To(Succeed())
			Expect(e.inspect(ctx, id).StartedAt).To(Equal(started))
		})

		It("starts an exited container again", func(ctx SpecContext) {
			e := at()
			id := e.sleeper(ctx, e.worker("0", "sleep"))
			started := e.inspect(ctx, id).StartedAt
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.Runtime.Start(ctx, id)).To(Succeed())
			Expect(e.listed(ctx, id).State).To(Equal(runtime.StateRunning))
			Expect(e.inspect(ctx, id).StartedAt).To(BeTemporally(">=", started))
		})

		It("shows the exit of a container that ends by itself", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "exit", "3"))
			e.awaitState(ctx, id, runtime.StateExited)
			exit := e.inspect(ctx, id)
			Expect(exit.ExitCode).To(Equal(3))
			Expect(exit.OOMKilled).To(BeFalse())
			// Docker 26 has seen one end a millisecond before it began.
			Expect(exit.FinishedAt).To(BeTemporally(">=", exit.StartedAt.Add(-time.Second)))
		})

		It("is ErrNotFound for a container that does not exist", func(ctx SpecContext) {
			Expect(at().Runtime.Start(ctx, missing)).To(MatchError(runtime.ErrNotFound))
		})

		It("is ErrInvalid while another container has its port, and leaves the container created", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Network = e.network(ctx, "net")
			spec.Ports = []runtime.Port{{HostIP: "127.0.0.1", HostPort: freePort(), ContainerPort: 8000, Protocol: "tcp"}}
			e.start(ctx, spec)
			spec.Name = e.name("1")
			id := e.create(ctx, spec)
			Expect(e.Runtime.Start(ctx, id)).To(MatchError(runtime.ErrInvalid))
			Expect(e.listed(ctx, id).State).To(Equal(runtime.StateCreated))
			Expect(e.inspect(ctx, id).Error).To(ContainSubstring("port"))
		})
	})
}

func stopping(at func() *engine) {
	Describe("Stop", func() {
		It("sends the stop signal", func(ctx SpecContext) {
			e := at()
			term, interrupt := e.worker("0", "sleep"), e.worker("1", "sleep")
			interrupt.StopSignal = "SIGINT"
			first, second := e.sleeper(ctx, term), e.sleeper(ctx, interrupt)
			Expect(e.Runtime.Stop(ctx, first)).To(Succeed())
			Expect(e.Runtime.Stop(ctx, second)).To(Succeed())
			Expect(e.listed(ctx, first).State).To(Equal(runtime.StateExited))
			Expect(e.inspect(ctx, first).ExitCode).To(Equal(128 + 15))
			Expect(e.inspect(ctx, second).ExitCode).To(Equal(128 + 2))
			Expect(e.inspect(ctx, first).FinishedAt).To(BeTemporally("~", time.Now(), time.Minute))
		})

		It("kills a container that ignores it, when its grace is over", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "stubborn")
			spec.StopTimeout = grace
			id := e.sleeper(ctx, spec)
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.inspect(ctx, id).ExitCode).To(Equal(128 + 9))
		})

		It("unpauses a paused container, so that it ends by its signal", func(ctx SpecContext) {
			e := at()
			id := e.sleeper(ctx, e.worker("0", "sleep"))
			e.Pause(id)
			Expect(e.listed(ctx, id).State).To(Equal(runtime.StatePaused))
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.inspect(ctx, id).ExitCode).To(Equal(128 + 15))
		})

		It("is no error for a container that does not run or does not exist", func(ctx SpecContext) {
			e := at()
			id := e.create(ctx, e.worker("0", "sleep"))
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.Runtime.Stop(ctx, missing)).To(Succeed())
		})
	})

	Describe("Remove", func() {
		It("removes a container that runs, is paused, or was never started; its volumes stay", func(ctx SpecContext) {
			e := at()
			volume := e.name("data")
			Expect(e.Runtime.CreateVolume(ctx, runtime.VolumeSpec{Name: volume, Pool: e.pool()})).To(Succeed())
			spec := e.worker("0", "sleep")
			spec.Mounts = []runtime.Mount{{Type: runtime.MountVolume, Source: volume, Target: "/data"}}
			running, paused := e.start(ctx, spec), e.start(ctx, e.worker("1", "sleep"))
			e.Pause(paused)
			for _, id := range []string{running, paused, e.create(ctx, e.worker("2", "sleep"))} {
				Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
			}
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(BeEmpty())
			Expect(e.Runtime.ListVolumes(ctx, e.pool())).To(ConsistOf(HaveField("Name", volume)))
		})

		It("is no error for a container that does not exist, or that others remove meanwhile", func(ctx SpecContext) {
			e := at()
			Expect(e.Runtime.Remove(ctx, missing)).To(Succeed())
			id := e.start(ctx, e.worker("0", "sleep"))
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					defer GinkgoRecover()
					Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
				})
			}
			group.Wait()
			Eventually(func() []string { return ids(e.Runtime.List(ctx, e.pool())) }).WithTimeout(soon).Should(BeEmpty())
		})
	})
}
