package contract

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func trouble(at func() *engine) {
	Describe("An engine that cannot be reached", func() {
		DescribeTable("is ErrUnavailable", func(ctx SpecContext, call func(context.Context, *engine, runtime.Runtime) error) {
			e := at()
			Expect(call(ctx, e, e.Unreachable)).To(MatchError(runtime.ErrUnavailable))
		},
			Entry("to a listing", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				_, err := r.List(ctx, "")
				return err
			}),
			Entry("to an inspection", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				_, err := r.Inspect(ctx, missing)
				return err
			}),
			Entry("to a create", func(ctx context.Context, e *engine, r runtime.Runtime) error {
				_, err := r.Create(ctx, e.worker("0", "sleep"))
				return err
			}),
			Entry("to a start", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.Start(ctx, missing) }),
			Entry("to a stop", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.Stop(ctx, missing) }),
			Entry("to a removal", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.Remove(ctx, missing) }),
			Entry("to a rename", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.Rename(ctx, missing, "a") }),
			Entry("to an update", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				return r.Update(ctx, missing, runtime.Limits{})
			}),
			Entry("to a command", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				_, err := r.Exec(ctx, missing, []string{"a"})
				return err
			}),
			Entry("to logs", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				_, err := r.Logs(ctx, missing, 1, false)
				return err
			}),
			Entry("to networks", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.RemoveNetwork(ctx, "a") }),
			Entry("to volumes", func(ctx context.Context, _ *engine, r runtime.Runtime) error { return r.RemoveVolume(ctx, "a") }),
			Entry("to images", func(ctx context.Context, e *engine, r runtime.Runtime) error {
				_, err := r.Image(ctx, e.Image)
				return err
			}),
			Entry("to a subscription", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				return r.Events(ctx, func() { Fail("opened") }, func(runtime.Event) {})
			}),
			Entry("about the host", func(ctx context.Context, _ *engine, r runtime.Runtime) error {
				_, err := r.Host(ctx)
				return err
			}),
		)
	})

	Describe("A call whose context has ended", func() {
		It("returns the context's error and does nothing", func(ctx SpecContext) {
			e := at()
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, err := e.Runtime.Create(ended, e.worker("0", "sleep"))
			Expect(err).To(MatchError(context.Canceled))
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(BeEmpty())
		})
	})

	Describe("Host", func() {
		It("has memory, of which what is available is part or not known, and CPUs", func(ctx SpecContext) {
			host, err := at().Runtime.Host(ctx)
			Expect(err).NotTo(HaveOccurred())
			Expect(host.Total).To(BeNumerically(">", 0))
			Expect(host.Available).To(Or(Equal(int64(-1)), BeNumerically("<=", host.Total)))
			Expect(host.CPUs).To(BeNumerically(">=", 1000))
		})
	})
}
