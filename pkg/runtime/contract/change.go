package contract

import (
	"net"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func changing(at func() *engine) {
	Describe("Update", func() {
		It("sets the limits of a running container in place", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Limits = runtime.Limits{CPU: 500, Memory: 64 << 20, Pids: 20}
			id := e.start(ctx, spec)
			started := e.inspect(ctx, id).StartedAt
			for _, limits := range []runtime.Limits{
				{CPU: 1000, Memory: 128 << 20, Pids: 40},
				{CPU: 250, Memory: 32 << 20},
			} {
				Expect(e.Runtime.Update(ctx, id, limits)).To(Succeed())
				Expect(e.inspect(ctx, id).Spec.Limits).To(Equal(limits))
			}
			Expect(e.inspect(ctx, id).StartedAt).To(Equal(started))
		})

		It("leaves a limit that was never set unset", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Limits = runtime.Limits{Memory: 64 << 20}
			id := e.create(ctx, spec)
			limits := runtime.Limits{Memory: 128 << 20, Pids: 7}
			Expect(e.Runtime.Update(ctx, id, limits)).To(Succeed())
			Expect(e.inspect(ctx, id).Spec.Limits).To(Equal(limits))
		})

		It("sets the restart policy back", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Limits = runtime.Limits{CPU: 500, Memory: 64 << 20, Pids: 20}
			id := e.create(ctx, spec)
			e.RestartAlways(id)
			Expect(e.inspect(ctx, id).RestartPolicy).To(Equal("always"))
			Expect(e.Runtime.Update(ctx, id, spec.Limits)).To(Succeed())
			Expect(e.inspect(ctx, id).RestartPolicy).To(Equal("no"))
		})

		It("is ErrNotFound for a container that does not exist", func(ctx SpecContext) {
			Expect(at().Runtime.Update(ctx, missing, runtime.Limits{Pids: 1})).To(MatchError(runtime.ErrNotFound))
		})
	})

	Describe("Rename", func() {
		It("gives a running container another name, and frees the old one", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			Expect(e.Runtime.Rename(ctx, id, e.name("0.claim"))).To(Succeed())
			Expect(e.listed(ctx, id).Name).To(Equal(e.name("0.claim")))
			Expect(e.listed(ctx, id).State).To(Equal(runtime.StateRunning))
			e.create(ctx, e.worker("0", "sleep"))
		})

		It("is no error for the name that the container has", func(ctx SpecContext) {
			e := at()
			id := e.create(ctx, e.worker("0", "sleep"))
			Expect(e.Runtime.Rename(ctx, id, e.name("0"))).To(Succeed())
		})

		It("is ErrNameTaken, ErrForeign or ErrNotFound", func(ctx SpecContext) {
			e := at()
			e.ForeignContainer(e.name("foreign"))
			id := e.create(ctx, e.worker("0", "sleep"))
			e.create(ctx, e.worker("1", "sleep"))
			Expect(e.Runtime.Rename(ctx, id, e.name("1"))).To(MatchError(runtime.ErrNameTaken))
			Expect(e.Runtime.Rename(ctx, id, e.name("foreign"))).To(MatchError(runtime.ErrForeign))
			Expect(e.Runtime.Rename(ctx, missing, e.name("2"))).To(MatchError(runtime.ErrNotFound))
			Expect(e.listed(ctx, id).Name).To(Equal(e.name("0")))
		})
	})
}

// freePort is a TCP port of the host that nobody listens on.
func freePort() int {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
