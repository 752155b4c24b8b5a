package contract

import (
	"context"
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func running(at func() *engine) {
	Describe("Exec", func() {
		It("returns the output of both streams and the exit code", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			Expect(e.Runtime.Exec(ctx, id, []string{"/tool", "say", "hello"})).
				To(Equal(runtime.ExecResult{Output: "hello\n"}))
			Expect(e.Runtime.Exec(ctx, id, []string{"/tool", "complain", "no"})).
				To(Equal(runtime.ExecResult{Output: "no\n"}))
			Expect(e.Runtime.Exec(ctx, id, []string{"/tool", "exit", "3"})).
				To(Equal(runtime.ExecResult{ExitCode: 3}))
		})

		It("keeps the last 4 KiB of the output", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			result, err := e.Runtime.Exec(ctx, id, []string{"/tool", "fill", "100000"})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Output).To(Equal(strings.Repeat("x", 4096-len("end")) + "end"))
		})

		It("has an exit code for a command that cannot be run", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			result, err := e.Runtime.Exec(ctx, id, []string{"/no-such-program"})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.ExitCode).To(BeElementOf(126, 127))
		})

		It("ends with its context", func(ctx SpecContext) {
			e := at()
			id := e.start(ctx, e.worker("0", "sleep"))
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			_, err := e.Runtime.Exec(short, id, []string{"/tool", "sleep"})
			Expect(err).To(MatchError(context.DeadlineExceeded))
		})

		It("is ErrInvalid in a container that does not run, and ErrNotFound in none", func(ctx SpecContext) {
			e := at()
			id := e.create(ctx, e.worker("0", "sleep"))
			_, err := e.Runtime.Exec(ctx, id, []string{"/tool", "say"})
			Expect(err).To(MatchError(runtime.ErrInvalid))
			_, err = e.Runtime.Exec(ctx, missing, []string{"/tool", "say"})
			Expect(err).To(MatchError(runtime.ErrNotFound))
		})
	})

	Describe("Logs", func() {
		It("are both streams, plain, from the last lines on", func(ctx SpecContext) {
			e := at()
			out := e.start(ctx, e.worker("0", "say", "one", "two", "three"))
			err := e.start(ctx, e.worker("1", "complain", "sorry"))
			e.awaitState(ctx, out, runtime.StateExited)
			e.awaitState(ctx, err, runtime.StateExited)
			Expect(e.logs(ctx, out, -1)).To(Equal("one\ntwo\nthree\n"))
			Expect(e.logs(ctx, out, 2)).To(Equal("two\nthree\n"))
			Expect(e.logs(ctx, out, 0)).To(BeEmpty())
			Expect(e.logs(ctx, err, -1)).To(Equal("sorry\n"))
		})

		It("that are followed go on until the container ends", func(ctx SpecContext) {
			e := at()
			id := e.sleeper(ctx, e.worker("0", "sleep"))
			stream, err := e.Runtime.Logs(ctx, id, -1, true)
			Expect(err).NotTo(HaveOccurred())
			defer stream.Close()
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(io.ReadAll(stream)).To(BeEquivalentTo("ready\n"))
		})

		It("that are followed end with their context, and when they are closed", func(ctx SpecContext) {
			e := at()
			id := e.sleeper(ctx, e.worker("0", "sleep"))
			following, cancel := context.WithCancel(ctx)
			defer cancel()
			for _, end := range []func(io.Closer){
				func(stream io.Closer) { Expect(stream.Close()).To(Succeed()) },
				func(io.Closer) { cancel() },
			} {
				stream, err := e.Runtime.Logs(following, id, 0, true)
				Expect(err).NotTo(HaveOccurred())
				ended := make(chan error, 1)
				go func() {
					_, err := io.Copy(io.Discard, stream)
					ended <- err
				}()
				Consistently(ended, 100*time.Millisecond).ShouldNot(Receive())
				end(stream)
				Eventually(ended).WithTimeout(soon).Should(Receive(HaveOccurred()))
				_ = stream.Close()
			}
		})

		It("are ErrNotFound for a container that does not exist", func(ctx SpecContext) {
			_, err := at().Runtime.Logs(ctx, missing, -1, false)
			Expect(err).To(MatchError(runtime.ErrNotFound))
		})
	})
}
