package contract

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func sandboxes(at func() *engine) {
	Describe("A container that joins a sandbox", func() {
		// pair makes a sandbox with an address and a joiner, neither started.
		pair := func(ctx SpecContext, e *engine) (sandbox, joiner string) {
			owner := e.worker("sandbox", "sleep")
			owner.Network = e.network(ctx, "net")
			sandbox = e.create(ctx, owner)
			spec := e.worker("0", "sleep")
			spec.Sandbox = owner.Name
			return sandbox, e.create(ctx, spec)
		}

		It("is listed and inspected with the sandbox's id, and has no address of its own", func(ctx SpecContext) {
			e := at()
			sandbox, joiner := pair(ctx, e)
			Expect(e.Runtime.Start(ctx, sandbox)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(Succeed())
			Expect(e.listed(ctx, joiner).SandboxID).To(Equal(sandbox))
			Expect(e.inspect(ctx, joiner).Spec.Sandbox).To(Equal(sandbox))
			Expect(e.listed(ctx, joiner).Addresses).To(BeEmpty())
			Expect(e.listed(ctx, sandbox).Addresses).To(HaveKeyWithValue(e.name("net"), Not(BeEmpty())))
		})

		It("starts only while the sandbox runs", func(ctx SpecContext) {
			e := at()
			sandbox, joiner := pair(ctx, e)
			Expect(e.Runtime.Start(ctx, joiner)).To(MatchError(runtime.ErrInvalid))
			Expect(e.Runtime.Start(ctx, sandbox)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(Succeed())
		})

		It("goes on in a dead namespace when the sandbox restarts, and joins the new one when it is started again", func(ctx SpecContext) {
			e := at()
			sandbox, joiner := pair(ctx, e)
			Expect(e.Runtime.Start(ctx, sandbox)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(Succeed())
			e.Restart(sandbox)
			Expect(e.listed(ctx, joiner).State).To(Equal(runtime.StateRunning))
			Expect(e.inspect(ctx, sandbox).StartedAt).To(BeTemporally(">", e.inspect(ctx, joiner).StartedAt))
			Expect(e.Runtime.Stop(ctx, joiner)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(Succeed())
		})

		It("goes on when the sandbox is removed, and never starts again", func(ctx SpecContext) {
			e := at()
			sandbox, joiner := pair(ctx, e)
			Expect(e.Runtime.Start(ctx, sandbox)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(Succeed())
			Expect(e.Runtime.Remove(ctx, sandbox)).To(Succeed())
			Expect(e.listed(ctx, joiner).State).To(Equal(runtime.StateRunning))
			Expect(e.Runtime.Stop(ctx, joiner)).To(Succeed())
			Expect(e.Runtime.Start(ctx, joiner)).To(MatchError(runtime.ErrInvalid))
		})

		It("is never made in a foreign container's namespace", func(ctx SpecContext) {
			e := at()
			e.ForeignContainer(e.name("foreign"))
			spec := e.worker("0", "sleep")
			spec.Sandbox = e.name("foreign")
			_, err := e.Runtime.Create(ctx, spec)
			Expect(err).To(MatchError(runtime.ErrForeign))
		})
	})
}
