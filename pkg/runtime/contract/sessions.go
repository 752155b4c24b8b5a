package contract

import (
	"context"
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
)

func sessions(at func() *engine) {
	Describe("A session", func() {
		var e *engine
		var id string
		BeforeEach(func(ctx SpecContext) {
			e = at()
			worker := e.worker("0", "sleep")
			worker.Image = e.ShellImage
			id = e.sleeper(ctx, worker)
		})

		It("passes the input to its end, keeps the outputs apart and has the exit code", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "repeat"}})
			go func() {
				_, _ = io.WriteString(s.Stdin(), "one\ntwo\n")
				_ = s.Stdin().Close()
			}()
			stdout, stderr := outputs(s)
			Expect(stdout).To(Equal("one\ntwo\n"))
			Expect(stderr).To(Equal("end"))
			Expect(s.Wait(ctx)).To(BeZero())

			s = e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "exit", "3"}})
			stdout, stderr = outputs(s)
			Expect(stdout + stderr).To(BeEmpty())
			Expect(s.Wait(ctx)).To(Equal(3))
		})

		It("loses nothing of what is more than pipes hold", func(ctx SpecContext) {
			const size = 8 << 20
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "repeat"}})
			go func() {
				_, _ = io.Copy(s.Stdin(), io.LimitReader(endless{}, size))
				_ = s.Stdin().Close()
			}()
			stdout, _ := outputs(s)
			Expect(stdout).To(HaveLen(size))
			Expect(strings.Trim(stdout, "x")).To(BeEmpty())
		})

		It("has the variables that it is given", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{
				Command: []string{"/tool", "getenv", "WORD"}, Env: []runtime.EnvVar{{Name: "WORD", Value: "it's $HOME; \n"}},
			})
			stdout, _ := outputs(s)
			Expect(stdout).To(Equal("it's $HOME; \n"))
		})

		It("on a terminal has the size from the beginning on, and is told each change", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{
				Command: []string{"/tool", "size"}, Terminal: &runtime.TerminalSize{Rows: 24, Cols: 132},
			})
			screen := gbytes.BufferReader(s.Stdout())
			Eventually(screen).WithTimeout(soon).Should(gbytes.Say("^24x132\r?\n"))
			Expect(s.Resize(ctx, runtime.TerminalSize{Rows: 50, Cols: 80})).To(Succeed())
			Eventually(screen).WithTimeout(soon).Should(gbytes.Say("^50x80\r?\n"))
			Expect(io.ReadAll(s.Stderr())).To(BeEmpty())
		})

		It("passes signals on, of which one that is not caught ends the command", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "catch"}})
			out := gbytes.BufferReader(s.Stdout())
			Eventually(out).WithTimeout(soon).Should(gbytes.Say("ready"))
			Expect(s.Signal(ctx, "USR1")).To(Succeed())
			Eventually(out).WithTimeout(soon).Should(gbytes.Say("user defined signal 1"))
			Expect(s.Wait(ctx)).To(BeZero())
			Expect(s.Signal(ctx, "TERM")).To(Succeed(), "it has ended already")

			s = e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "sleep"}})
			Eventually(gbytes.BufferReader(s.Stdout())).WithTimeout(soon).Should(gbytes.Say("ready"))
			Expect(s.Signal(ctx, "INT")).To(Succeed())
			Expect(s.Wait(ctx)).To(Equal(128 + 2))
		})

		It("takes no word for a signal that is none", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "sleep"}})
			Expect(s.Signal(ctx, "0; reboot")).To(MatchError(runtime.ErrInvalid))
		})

		DescribeTable("that is closed ends its command", func(ctx SpecContext, word string, terminal *runtime.TerminalSize, code int) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", word}, Terminal: terminal})
			Eventually(gbytes.BufferReader(s.Stdout())).WithTimeout(soon).Should(gbytes.Say("ready"))
			Expect(s.Close()).To(Succeed())
			Expect(s.Wait(ctx)).To(Equal(code))
			Expect(s.Close()).To(Succeed())
		},
			Entry("which does not read", "sleep", nil, 128+1),
			Entry("which is on a terminal", "sleep", &runtime.TerminalSize{Rows: 24, Cols: 80}, 128+1),
			Entry("which does not want to", "stubborn", nil, 128+9),
		)

		It("that is left goes on by itself", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "sleep"}})
			Eventually(gbytes.BufferReader(s.Stdout())).WithTimeout(soon).Should(gbytes.Say("ready"))
			Expect(s.Detach()).To(Succeed())
			Expect(s.Close()).To(Succeed())
			short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			defer cancel()
			_, err := s.Wait(short)
			Expect(err).To(MatchError(context.DeadlineExceeded))
		})

		It("ends when its container is removed", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "sleep"}})
			Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
			_, _ = outputs(s)
			Expect(s.Close()).To(Succeed())
		})

		It("of a command that the container has not got says so, and ends with 127", func(ctx SpecContext) {
			s := e.session(ctx, id, runtime.SessionSpec{Command: []string{"/no-such-program"}})
			stdout, stderr := outputs(s)
			Expect(stdout + stderr).To(ContainSubstring("/no-such-program"))
			Expect(s.Wait(ctx)).To(Equal(127))
		})

		It("is ErrInvalid without a command or in a container that does not run, and ErrNotFound in none", func(ctx SpecContext) {
			command := runtime.SessionSpec{Command: []string{"/tool", "say"}}
			_, err := e.Sessions.OpenSession(ctx, id, runtime.SessionSpec{})
			Expect(err).To(MatchError(runtime.ErrInvalid))
			_, err = e.Sessions.OpenSession(ctx, missing, command)
			Expect(err).To(MatchError(runtime.ErrNotFound))
			_, err = e.Sessions.OpenSession(ctx, e.create(ctx, e.worker("1", "sleep")), command)
			Expect(err).To(MatchError(runtime.ErrInvalid))
		})
	})
}

// session opens one, which ends with the spec.
func (e *engine) session(ctx context.Context, id string, spec runtime.SessionSpec) runtime.Session {
	GinkgoHelper()
	s, err := e.Sessions.OpenSession(ctx, id, spec)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(s.Close)
	return s
}

// outputs are all that a command says.
func outputs(s runtime.Session) (stdout, stderr string) {
	GinkgoHelper()
	var out, errs strings.Builder
	var reading errgroup.Group
	reading.Go(func() error { _, err := io.Copy(&out, s.Stdout()); return err })
	reading.Go(func() error { _, err := io.Copy(&errs, s.Stderr()); return err })
	Expect(reading.Wait()).To(Succeed())
	return out.String(), errs.String()
}

// endless is a reader of as many x as anybody likes.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
