package contract

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func networks(at func() *engine) {
	Describe("Networks", func() {
		It("are listed by pool, and no foreign one is", func(ctx SpecContext) {
			e := at()
			e.ForeignNetwork(e.name("foreign"))
			net := e.network(ctx, "net")
			other := runtime.NetworkSpec{Name: e.name("other"), Pool: e.name("other"), Internal: true}
			Expect(e.Runtime.CreateNetwork(ctx, other)).To(Succeed())
			Expect(e.Runtime.ListNetworks(ctx, e.pool())).To(ConsistOf(
				And(HaveField("Name", net), HaveField("Pool", e.pool()), HaveField("Internal", false), HaveField("ID", Not(BeEmpty())))))
			Expect(e.Runtime.ListNetworks(ctx, "")).To(ConsistOf(
				HaveField("Name", net), And(HaveField("Name", other.Name), HaveField("Internal", true))))
		})

		It("conflict with ErrNameTaken and ErrForeign", func(ctx SpecContext) {
			e := at()
			e.ForeignNetwork(e.name("foreign"))
			net := e.network(ctx, "net")
			Expect(e.Runtime.CreateNetwork(ctx, runtime.NetworkSpec{Name: net, Pool: e.pool()})).
				To(MatchError(runtime.ErrNameTaken))
			Expect(e.Runtime.CreateNetwork(ctx, runtime.NetworkSpec{Name: e.name("foreign"), Pool: e.pool()})).
				To(MatchError(runtime.ErrForeign))
		})

		It("are removed when no running container uses them; a missing one is no error", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Network = e.network(ctx, "net")
			id := e.sleeper(ctx, spec)
			Expect(e.Runtime.RemoveNetwork(ctx, spec.Network)).To(MatchError(runtime.ErrInUse))
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.Runtime.RemoveNetwork(ctx, spec.Network)).To(Succeed())
			Expect(e.Runtime.ListNetworks(ctx, e.pool())).To(BeEmpty())
			Expect(e.Runtime.RemoveNetwork(ctx, spec.Network)).To(Succeed())
			Expect(e.Runtime.Start(ctx, id)).To(MatchError(runtime.ErrInvalid))
		})

		It("that are foreign stay", func(ctx SpecContext) {
			e := at()
			e.ForeignNetwork(e.name("foreign"))
			Expect(e.Runtime.RemoveNetwork(ctx, e.name("foreign"))).To(Succeed())
			Expect(e.Runtime.CreateNetwork(ctx, runtime.NetworkSpec{Name: e.name("foreign"), Pool: e.pool()})).
				To(MatchError(runtime.ErrForeign))
		})

		It("give a container an address while it runs", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Network = e.network(ctx, "net")
			id := e.create(ctx, spec)
			Expect(e.listed(ctx, id).Addresses).To(BeEmpty())
			Expect(e.Runtime.Start(ctx, id)).To(Succeed())
			Expect(e.listed(ctx, id).Addresses).To(HaveKeyWithValue(spec.Network, Not(BeEmpty())))
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			// Docker 26 frees it just after it has answered.
			Eventually(func() map[string]string { return e.listed(ctx, id).Addresses }).WithTimeout(soon).Should(BeEmpty())
		})
	})
}

func volumes(at func() *engine) {
	Describe("Volumes", func() {
		It("are made once, listed by pool, and no foreign one is", func(ctx SpecContext) {
			e := at()
			e.ForeignVolume(e.name("foreign"))
			spec := runtime.VolumeSpec{Name: e.name("data"), Pool: e.pool()}
			Expect(e.Runtime.CreateVolume(ctx, spec)).To(Succeed())
			Expect(e.Runtime.CreateVolume(ctx, spec)).To(Succeed())
			other := runtime.VolumeSpec{Name: e.name("more"), Pool: e.name("other")}
			Expect(e.Runtime.CreateVolume(ctx, other)).To(Succeed())
			Expect(e.Runtime.ListVolumes(ctx, e.pool())).To(ConsistOf(And(
				HaveField("Name", spec.Name), HaveField("Pool", e.pool()),
				HaveField("Created", BeTemporally("~", time.Now(), time.Minute)))))
			Expect(e.Runtime.ListVolumes(ctx, "")).To(ConsistOf(
				HaveField("Name", spec.Name), HaveField("Name", other.Name)))
		})

		It("are ErrForeign when they are another pool's or somebody else's", func(ctx SpecContext) {
			e := at()
			e.ForeignVolume(e.name("foreign"))
			Expect(e.Runtime.CreateVolume(ctx, runtime.VolumeSpec{Name: e.name("data"), Pool: e.name("other")})).To(Succeed())
			for _, name := range []string{e.name("foreign"), e.name("data")} {
				Expect(e.Runtime.CreateVolume(ctx, runtime.VolumeSpec{Name: name, Pool: e.pool()})).
					To(MatchError(runtime.ErrForeign))
			}
		})

		It("are removed when no container has them; a missing one is no error", func(ctx SpecContext) {
			e := at()
			volume := e.name("data")
			Expect(e.Runtime.CreateVolume(ctx, runtime.VolumeSpec{Name: volume, Pool: e.pool()})).To(Succeed())
			spec := e.worker("0", "sleep")
			spec.Mounts = []runtime.Mount{{Type: runtime.MountVolume, Source: volume, Target: "/data"}}
			id := e.create(ctx, spec)
			Expect(e.Runtime.RemoveVolume(ctx, volume)).To(MatchError(runtime.ErrInUse))
			Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
			Expect(e.Runtime.RemoveVolume(ctx, volume)).To(Succeed())
			Expect(e.Runtime.ListVolumes(ctx, e.pool())).To(BeEmpty())
			Expect(e.Runtime.RemoveVolume(ctx, volume)).To(Succeed())
		})

		It("that are foreign are not removed", func(ctx SpecContext) {
			e := at()
			e.ForeignVolume(e.name("foreign"))
			Expect(e.Runtime.RemoveVolume(ctx, e.name("foreign"))).To(MatchError(runtime.ErrForeign))
		})
	})
}

func images(at func() *engine) {
	Describe("Images", func() {
		It("have an id, which containers made of them show", func(ctx SpecContext) {
			e := at()
			id, err := e.Runtime.Image(ctx, e.Image)
			Expect(err).NotTo(HaveOccurred())
			Expect(e.listed(ctx, e.create(ctx, e.worker("0", "sleep"))).ImageID).To(Equal(id))
		})

		It("are ErrImageMissing when the engine does not have them", func(ctx SpecContext) {
			e := at()
			_, err := e.Runtime.Image(ctx, e.name("no-such-image"))
			Expect(err).To(MatchError(runtime.ErrImageMissing))
		})

		It("have the pause image once it was imported, and importing it again is harmless", func(ctx SpecContext) {
			e := at()
			Expect(e.Runtime.ImportPause(ctx)).To(Succeed())
			Expect(e.Runtime.ImportPause(ctx)).To(Succeed())
			spec := e.worker("sandbox")
			spec.Image, spec.Command = runtime.PauseImage, nil
			id := e.start(ctx, spec)
			Consistently(func() runtime.State { return e.listed(ctx, id).State }, 200*time.Millisecond).
				Should(Equal(runtime.StateRunning))
		})
	})
}
