package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
)

// onHost plays a worker by running commands on this host, in a directory.
func onHost(dir string) func(context.Context, string, *fakeruntime.Process) int {
	return func(ctx context.Context, _ string, p *fakeruntime.Process) int {
		c := exec.CommandContext(ctx, p.Spec.Command[0], p.Spec.Command[1:]...)
		c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, p.Stdin, p.Stdout, p.Stderr
		for _, v := range p.Spec.Env {
			c.Env = append(os.Environ(), v.Name+"="+v.Value)
		}
		var exit *exec.ExitError
		if err := c.Run(); err != nil && !errors.As(err, &exit) {
			fmt.Fprintln(p.Stderr, err)
			return 127
		}
		return c.ProcessState.ExitCode()
	}
}

var _ = Describe("exec", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		serving(backend)
	})

	Describe("on pipes", func() {
		BeforeEach(func() { backend.OnSession(onHost(GinkgoT().TempDir())) })

		It("passes input, outputs and exit code", func() {
			Expect(halReading(strings.NewReader("hello"), "exec", "fix", "--", "sh", "-c", "cat; echo no >&2; exit 7")).
				To(Equal(outcome{out: "hello", err: "no\n", code: 7}))
			Expect(hal("exec", "fix", "--", "true")).To(Equal(outcome{}))
		})

		It("sets variables to what is said, or to what they are here", func() {
			GinkgoT().Setenv("CANARY", "a secret")
			Expect(hal("exec", "fix", "--env", "CANARY", "--", "sh", "-c", "echo $CANARY").out).To(Equal("a secret\n"))
			Expect(hal("exec", "fix", "--env", "A=b=c", "--", "sh", "-c", "echo $A").out).To(Equal("b=c\n"))
		})

		// The others mean something to those who run the specs.
		It("passes the signals that it gets on", func() {
			backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
				p.Catch("USR2", "HUP", "QUIT")
				for _, name := range []string{"USR2", "HUP", "QUIT"} {
					fmt.Fprintln(p.Stdout, "waiting for", name)
					if got := <-p.Signals; got != name {
						fmt.Fprintln(p.Stdout, "got", got)
					}
				}
				return 3
			})
			out, ended := gbytes.NewBuffer(), make(chan int, 1)
			go func() {
				ended <- (&app{in: strings.NewReader(""), out: out, errOut: io.Discard}).main(context.Background(), []string{"exec", "fix", "--", "x"})
			}()
			for _, signal := range []syscall.Signal{syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGQUIT} {
				Eventually(out).Should(gbytes.Say("waiting for"))
				Expect(syscall.Kill(os.Getpid(), signal)).To(Succeed())
			}
			Eventually(ended).Should(Receive(Equal(3)))
			Expect(string(out.Contents())).NotTo(ContainSubstring("got"))
		})

		It("passes on the Ctrl-C that came just before the command began", func() {
			backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
				p.Catch("INT")
				if got := <-p.Signals; got != "INT" {
					return 1
				}
				return 130
			})
			asked, cancel := context.WithCancel(context.Background())
			ctx, done := context.WithCancel(context.Background())
			defer done()
			signals := signalsFor(ctx, asked)
			cancel()
			code, err := api.NewClient(os.Getenv("HAL_SOCKET")).Exec(ctx, "fix", api.SessionRequest{Command: []string{"x"}},
				api.Streams{Out: io.Discard, Err: io.Discard, Signals: signals})
			Expect(err).NotTo(HaveOccurred())
			Expect(code).To(Equal(130))
		})

		DescribeTable("says what is wrong",
			func(code int, message string, args ...string) {
				got := hal(append([]string{"exec"}, args...)...)
				Expect(got.code).To(Equal(code))
				Expect(got.err).To(ContainSubstring(message))
				Expect(got.out).To(BeEmpty())
			},
			Entry("no claim", exitUsage, "say whose worker"),
			Entry("no command", exitUsage, "and what to run", "fix"),
			Entry("a command without --", exitUsage, "exec fix -- ls", "fix", "ls"),
			Entry("two claims", exitUsage, "takes one claim", "fix", "fax", "--", "ls"),
			Entry("a variable that is not there", exitUsage, "no such variable", "fix", "--env", "HAL_NO_SUCH", "--", "ls"),
			Entry("no name of a variable", exitUsage, "NAME=VALUE", "fix", "--env", "=x", "--", "ls"),
			Entry("no terminal", exitUsage, "leave out -t", "fix", "-it", "--", "ls"),
			Entry("no keys", exitUsage, "say them as", "fix", "-t", "--detach-keys", "ctrl-1", "--", "ls"),
		)

		It("says that the daemon is not there", func() {
			GinkgoT().Setenv("HAL_SOCKET", "/nowhere/hal.sock")
			got := hal("exec", "fix", "--", "true")
			Expect(got.code).To(Equal(exitUnavailable))
			Expect(got.err).To(ContainSubstring("no daemon at /nowhere/hal.sock"))
		})

		It("says that there is no such claim", func() {
			backend.Fail(notFound("claim", "fix-lgin", []string{"fix-login"}))
			got := hal("exec", "fix-lgin", "--", "true")
			Expect(got.code).To(Equal(exitNo))
			Expect(got.err).To(ContainSubstring(`no claim "fix-lgin": did you mean "fix-login"?`))
		})
	})

	Describe("on a terminal", func() {
		var keyboard, screen *os.File
		var shown *gbytes.Buffer
		var ended chan int
		BeforeEach(func() {
			var err error
			keyboard, screen, err = pty.Open()
			Expect(err).NotTo(HaveOccurred())
			Expect(pty.Setsize(keyboard, &pty.Winsize{Rows: 30, Cols: 90})).To(Succeed())
			DeferCleanup(func() { _, _ = keyboard.Close(), screen.Close() })
			shown, ended = gbytes.BufferReader(keyboard), make(chan int, 1)
		})
		run := func(args ...string) {
			go func() {
				a := &app{in: screen, out: screen, errOut: screen}
				ended <- a.main(context.Background(), args)
			}()
		}
		modes := func() string {
			GinkgoHelper()
			c := exec.Command("stty", "-a")
			c.Stdin = screen
			text, err := c.Output()
			Expect(err).NotTo(HaveOccurred())
			return string(text)
		}
		echo := func(_ context.Context, _ string, p *fakeruntime.Process) int {
			fmt.Fprintf(p.Stdout, "%d x %d, %s\r\n", p.Spec.Terminal.Rows, p.Spec.Terminal.Cols, p.Spec.Env)
			keys := bufio.NewReader(p.Stdin)
			for {
				select {
				case size := <-p.Sizes:
					fmt.Fprintf(p.Stdout, "now %d x %d\r\n", size.Rows, size.Cols)
				default:
				}
				key, err := keys.ReadByte()
				if err != nil {
					return 1
				}
				if key == 'q' {
					return 5
				}
				fmt.Fprintf(p.Stdout, "<%d>", key)
			}
		}

		It("passes each key on as it is, and gives the terminal back as it was", func() {
			GinkgoT().Setenv("TERM", "xterm-kitty")
			backend.OnSession(echo)
			before := modes()
			run("exec", "fix", "-it", "--", "x")
			Eventually(shown).Should(gbytes.Say(`30 x 90, .*TERM xterm-kitty`))
			Expect(modes()).To(ContainSubstring("-icanon"))
			fmt.Fprint(keyboard, "a\x03\x1a\r")
			Eventually(shown).Should(gbytes.Say("<97><3><26><13>"))
			Expect(pty.Setsize(keyboard, &pty.Winsize{Rows: 31, Cols: 91})).To(Succeed())
			Expect(syscall.Kill(os.Getpid(), syscall.SIGWINCH)).To(Succeed())
			Eventually(func() *gbytes.Buffer {
				fmt.Fprint(keyboard, "b") // after which it looks
				return shown
			}).Should(gbytes.Say("now 31 x 91"))
			fmt.Fprint(keyboard, "q")
			Eventually(ended).Should(Receive(Equal(5)))
			Expect(modes()).To(Equal(strings.NewReplacer("rows 30", "rows 31", "columns 90", "columns 91").Replace(before)))
		})

		DescribeTable("is left with the detach keys, and the command goes on",
			func(keys string, flags ...string) {
				before := modes()
				gone := make(chan struct{})
				backend.OnSession(func(ctx context.Context, claim string, p *fakeruntime.Process) int {
					defer close(gone)
					echo(ctx, claim, p)
					<-ctx.Done()
					return 0
				})
				run(append(append([]string{"exec", "fix", "-t"}, flags...), "--", "x")...)
				Eventually(shown).Should(gbytes.Say(`30 x 90`))
				fmt.Fprint(keyboard, keys)
				Eventually(ended).Should(Receive(Equal(exitYes)))
				Eventually(shown).Should(gbytes.Say("detached: the command goes on in the worker of fix\r\n"))
				Expect(modes()).To(Equal(before))
				Consistently(gone, "100ms").ShouldNot(BeClosed())
			},
			Entry("as they are", "a\x10\x11"),
			Entry("as they are chosen", "\x10\x11\x1dq", "--detach-keys", "ctrl-],q"),
		)

		DescribeTable("ends in order on a signal",
			func(signal syscall.Signal, code int) {
				before := modes()
				gone := make(chan struct{})
				backend.OnSession(func(ctx context.Context, _ string, p *fakeruntime.Process) int {
					fmt.Fprint(p.Stdout, "ready")
					<-ctx.Done()
					close(gone)
					return 0
				})
				run("exec", "fix", "-t", "--", "x")
				Eventually(shown).Should(gbytes.Say("ready"))
				Expect(syscall.Kill(os.Getpid(), signal)).To(Succeed())
				Eventually(ended).Should(Receive(Equal(code)))
				Eventually(gone).Should(BeClosed())
				Expect(modes()).To(Equal(before))
			},
			Entry("QUIT", syscall.SIGQUIT, 131),
			Entry("HUP", syscall.SIGHUP, 129),
		)

		It("gives the terminal back when there is no session", func() {
			before := modes()
			backend.Fail(notFound("claim", "fix", nil))
			run("exec", "fix", "-t", "--", "x")
			Eventually(ended).Should(Receive(Equal(exitNo)))
			Eventually(shown).Should(gbytes.Say(`no claim "fix"\r\n`))
			Expect(modes()).To(Equal(before))
		})

		It("attaches to tmux, and leaves it with the keys", func() {
			asked := make(chan []string, 1)
			gone := make(chan struct{})
			backend.OnSession(func(ctx context.Context, _ string, p *fakeruntime.Process) int {
				asked <- p.Spec.Command
				<-ctx.Done()
				close(gone)
				return 0
			})
			run("attach", "fix", "--", "claude", "-c")
			var command []string
			Eventually(asked).Should(Receive(&command))
			Expect(command[2]).To(ContainSubstring("tmux -u new-session -A -s hal"))
			Expect(command[4:]).To(Equal([]string{"claude", "-c"}))
			fmt.Fprint(keyboard, "\x10\x11")
			Eventually(ended).Should(Receive(Equal(exitYes)))
			Eventually(gone).Should(BeClosed(), "it is tmux's client that goes")
			Eventually(shown).Should(gbytes.Say("detached from fix"))
		})
	})
})

var _ = Describe("attach", func() {
	It("runs a shell or the command where there is no tmux, and says so", func() {
		bare := GinkgoT().TempDir()
		for _, name := range []string{"sh", "echo"} {
			path, err := exec.LookPath(name)
			Expect(err).NotTo(HaveOccurred())
			Expect(os.Symlink(path, bare+"/"+name)).To(Succeed())
		}
		run := func(input string, words ...string) string {
			c := exec.Command("/bin/sh", append([]string{"-c", attachScript, "hal"}, words...)...)
			c.Env, c.Stdin = []string{"PATH=" + bare, "TERM=dumb"}, strings.NewReader(input)
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			Expect(c.Run()).To(Succeed())
			return out.String()
		}
		Expect(run("", "echo", "a  b")).To(And(ContainSubstring("no tmux in this worker"), HaveSuffix("\na  b\n")))
		Expect(run("echo from a shell")).To(HaveSuffix("\nfrom a shell\n"))
	})

	It("wants one claim", func() {
		for _, args := range [][]string{{"attach"}, {"attach", "a", "b"}, {"attach", "--", "a"}} {
			Expect(hal(args...).code).To(Equal(exitUsage), "%q", args)
		}
	})
})
