package api_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/runtime"
	fakeruntime "hal-controller/pkg/runtime/fake"
)

// ending is how an Exec ended.
type ending struct {
	Code int
	Err  error
}

var _ = Describe("A session over the socket", func() {
	var (
		backend *fake.Backend
		client  *api.Client
		socket  string
		stop    func() error
	)
	BeforeEach(func() {
		backend = &fake.Backend{}
		socket, stop = serve(api.NewServer(backend))
		client = api.NewClient(socket)
	})
	// plays sets what the commands do, and returns what tells that one has ended
	// because it had to.
	plays := func(hook func(ctx context.Context, p *fakeruntime.Process) int) (ended chan struct{}) {
		ended = make(chan struct{}, 10)
		backend.OnSession(func(ctx context.Context, claim string, p *fakeruntime.Process) int {
			Expect(claim).To(Equal("amy"))
			code := hook(ctx, p)
			if ctx.Err() != nil {
				ended <- struct{}{}
			}
			return code
		})
		return ended
	}
	hang := func(ctx context.Context, p *fakeruntime.Process) int {
		fmt.Fprintln(p.Stdout, "ready")
		<-ctx.Done()
		return 0
	}
	exec := func(ctx context.Context, request api.SessionRequest, streams api.Streams) <-chan ending {
		result := make(chan ending, 1)
		if len(request.Command) == 0 {
			request.Command = []string{"command"}
		}
		if streams.Out == nil {
			streams.Out = io.Discard
		}
		if streams.Err == nil {
			streams.Err = io.Discard
		}
		go func() {
			code, err := client.Exec(ctx, "amy", request, streams)
			result <- ending{code, err}
		}()
		return result
	}

	It("passes the input, both outputs and the exit code", func(ctx SpecContext) {
		plays(func(_ context.Context, p *fakeruntime.Process) int {
			_, _ = io.Copy(p.Stdout, p.Stdin)
			fmt.Fprint(p.Stderr, "end")
			return 7
		})
		var out, errs bytes.Buffer
		Expect(client.Exec(ctx, "amy", api.SessionRequest{Command: []string{"cat"}},
			api.Streams{In: strings.NewReader("hello"), Out: &out, Err: &errs})).To(Equal(7))
		Expect(out.String()).To(Equal("hello"))
		Expect(errs.String()).To(Equal("end"))
	})

	It("asks for all that the request has", func(ctx SpecContext) {
		asked := make(chan runtime.SessionSpec, 1)
		plays(func(_ context.Context, p *fakeruntime.Process) int {
			asked <- p.Spec
			return 0
		})
		Eventually(exec(ctx, api.SessionRequest{
			Command: []string{"vi", "a b"}, Env: map[string]string{"B": "2=3", "A": "1"}, User: "1002", WorkDir: "/tmp",
			Terminal: &runtime.TerminalSize{Rows: 24, Cols: 80},
		}, api.Streams{})).Should(Receive(Equal(ending{})))
		Expect(<-asked).To(Equal(runtime.SessionSpec{
			Command: []string{"vi", "a b"}, Env: []runtime.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "2=3"}},
			User: "1002", WorkDir: "/tmp", Terminal: &runtime.TerminalSize{Rows: 24, Cols: 80},
		}))
	})

	It("loses nothing of much, both ways", func(ctx SpecContext) {
		const size = 16 << 20
		plays(func(_ context.Context, p *fakeruntime.Process) int {
			_, _ = io.Copy(p.Stdout, p.Stdin)
			return 0
		})
		var out counter
		Eventually(exec(ctx, api.SessionRequest{}, api.Streams{In: io.LimitReader(zeros{}, size), Out: &out})).
			WithTimeout(time.Minute).Should(Receive(Equal(ending{})))
		Expect(int(out)).To(Equal(size))
	})

	It("tells a terminal of each size", func(ctx SpecContext) {
		plays(func(_ context.Context, p *fakeruntime.Process) int { return int((<-p.Sizes).Rows) })
		sizes := make(chan runtime.TerminalSize, 1)
		sizes <- runtime.TerminalSize{Rows: 50, Cols: 132}
		Eventually(exec(ctx, api.SessionRequest{Terminal: &runtime.TerminalSize{Rows: 1, Cols: 1}}, api.Streams{Sizes: sizes})).
			Should(Receive(Equal(ending{Code: 50})))
	})

	DescribeTable("has a signal reach a command, and its end the client,",
		func(ctx SpecContext, streams func() api.Streams) {
			plays(func(ctx context.Context, p *fakeruntime.Process) int {
				go func() { _, _ = io.Copy(p.Stdout, zeros{}) }()
				fmt.Fprintln(p.Stderr, "ready")
				<-ctx.Done()
				return 0
			})
			local, signals, errs := streams(), make(chan string), gbytes.NewBuffer()
			local.Signals, local.Err = signals, errs
			result := exec(ctx, api.SessionRequest{}, local)
			Eventually(errs).Should(gbytes.Say("ready"))
			signals <- "TERM"
			Eventually(result).Should(Receive(Equal(ending{Code: 128 + 15})))
		},
		Entry("whose output never ends", func() api.Streams { return api.Streams{} }),
		Entry("which does not read the input that it is sent", func() api.Streams { return api.Streams{In: zeros{}} }),
	)

	It("has an error output, signals and input pass an output that nobody takes", func(ctx SpecContext) {
		plays(func(ctx context.Context, p *fakeruntime.Process) int {
			p.Catch("USR1")
			go func() { _, _ = io.Copy(p.Stdout, zeros{}) }()
			fmt.Fprintln(p.Stderr, "ready")
			fmt.Fprintln(p.Stderr, <-p.Signals)
			line, _ := bufio.NewReader(p.Stdin).ReadString('\n')
			fmt.Fprint(p.Stderr, line)
			<-ctx.Done()
			return 0
		})
		stuck, errs, signals := make(stuckWriter), gbytes.NewBuffer(), make(chan string)
		in, typed := io.Pipe()
		DeferCleanup(typed.Close)
		result := exec(ctx, api.SessionRequest{}, api.Streams{In: in, Out: stuck, Err: errs, Signals: signals})
		Eventually(errs).Should(gbytes.Say("ready"))
		signals <- "USR1"
		Eventually(errs).Should(gbytes.Say("USR1"))
		fmt.Fprintln(typed, "hello")
		Eventually(errs).Should(gbytes.Say("hello"))
		signals <- "TERM"
		Consistently(result, "100ms").ShouldNot(Receive(), "what it has said is still to come")
		close(stuck)
		Eventually(result).Should(Receive(Equal(ending{Code: 128 + 15})))
	})

	It("warns of a signal that cannot be sent", func(ctx SpecContext) {
		plays(hang)
		warnings, signals := make(chan string, 1), make(chan string, 2)
		signals <- "NONE"
		result := exec(ctx, api.SessionRequest{}, api.Streams{Signals: signals, Warn: func(m string) { warnings <- m }})
		Eventually(warnings).Should(Receive(ContainSubstring(`no signal "NONE"`)))
		signals <- "TERM"
		Eventually(result).Should(Receive(Equal(ending{Code: 128 + 15})))
	})

	Describe("that ends before its command", func() {
		It("ends it when the caller gives up", func(ctx SpecContext) {
			ended := plays(hang)
			within, giveUp := context.WithCancel(ctx)
			out := gbytes.NewBuffer()
			result := exec(within, api.SessionRequest{}, api.Streams{Out: out})
			Eventually(out).Should(gbytes.Say("ready"))
			giveUp()
			Eventually(result).Should(Receive(HaveField("Err", MatchError(context.Canceled))))
			Eventually(ended).Should(Receive())
		})

		It("ends it when the input cannot be read or the output not be written", func(ctx SpecContext) {
			ended := plays(hang)
			broken := errors.New("it is broken")
			Eventually(exec(ctx, api.SessionRequest{}, api.Streams{In: failing{broken}})).
				Should(Receive(HaveField("Err", MatchError(broken))))
			Eventually(ended).Should(Receive())
			Eventually(exec(ctx, api.SessionRequest{}, api.Streams{Out: failing{broken}})).
				Should(Receive(HaveField("Err", MatchError(broken))))
			Eventually(ended).Should(Receive())
		})

		It("leaves it where the caller detaches", func(ctx SpecContext) {
			left := make(chan struct{}) // the command, until the end of the spec
			DeferCleanup(func() { close(left) })
			ended := plays(func(ctx context.Context, p *fakeruntime.Process) int {
				select {
				case <-left:
				case <-ctx.Done():
				}
				return 0
			})
			Eventually(exec(ctx, api.SessionRequest{}, api.Streams{In: failing{api.ErrDetached}})).
				Should(Receive(Equal(ending{Err: api.ErrDetached})))
			Consistently(ended, "200ms").ShouldNot(Receive())
		})

		It("ends it with the daemon, and the client says so", func(ctx SpecContext) {
			ended := plays(hang)
			out := gbytes.NewBuffer()
			result := exec(ctx, api.SessionRequest{}, api.Streams{Out: out})
			Eventually(out).Should(gbytes.Say("ready"))
			Expect(stop()).To(Succeed())
			Eventually(ended).Should(Receive())
			var got ending
			Eventually(result).Should(Receive(&got))
			Expect(got.Err).To(MatchError(api.ErrNoDaemon))
			Expect(got.Err).To(MatchError(ContainSubstring(socket + " any more")))
		})

		It("keeps the daemon from ending before it has", func(ctx SpecContext) {
			plays(hang)
			backend := slowToClose{backend, new(atomic.Bool)}
			socket, stop := serve(api.NewServer(backend))
			client, out := api.NewClient(socket), gbytes.NewBuffer()
			go func() {
				_, _ = client.Exec(ctx, "amy", api.SessionRequest{Command: []string{"x"}}, api.Streams{Out: out, Err: out})
			}()
			Eventually(out).Should(gbytes.Say("ready"))
			Expect(stop()).To(Succeed())
			Expect(backend.closed.Load()).To(BeTrue())
		})

		It("passes on what its person is to know", func(ctx SpecContext) {
			plays(hang)
			backend := noticing{backend, make(chan string)}
			socket, _ := serve(api.NewServer(backend))
			heard := make(chan string, 1)
			go func() {
				_, _ = api.NewClient(socket).Exec(ctx, "amy", api.SessionRequest{Command: []string{"x"}}, api.Streams{
					Out: io.Discard, Err: io.Discard, Warn: func(m string) { heard <- m },
				})
			}()
			Eventually(backend.notices).Should(BeSent("released in 5m0s"))
			Eventually(heard).Should(Receive(Equal("released in 5m0s")))
		})

		DescribeTable("ends it when a client is no client of ours",
			func(nonsense string) {
				ended := plays(hang)
				conn := upgraded(socket)
				defer conn.Close()
				_, err := io.WriteString(conn, nonsense)
				Expect(err).NotTo(HaveOccurred())
				Eventually(ended).Should(Receive())
				Expect(client.Info(context.Background())).To(HaveField("Version", "fake"), "nothing has come of it")
			},
			Entry("and talks of something else", "GET / HTTP/1.1\r\nHost: hal\r\n\r\n"),
			Entry("and says too much at once", "\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00"+
				"\x00\x01\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00"+"\x00\x01\x00\x01\x00\x00\x00\x05\x00\x00\x00\x00"+
				"\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x40\x00"+strings.Repeat("x", 0x4000)),
		)
	})

	DescribeTable("is refused",
		func(request api.SessionRequest, code api.ErrorCode, sentence string) {
			_, err := client.Exec(context.Background(), "amy", request, api.Streams{Out: io.Discard, Err: io.Discard})
			var answer *api.Error
			Expect(errors.As(err, &answer)).To(BeTrue(), "%v", err)
			Expect(answer.Code).To(Equal(code))
			Expect(answer.Message).To(ContainSubstring(sentence))
		},
		Entry("without a command", api.SessionRequest{}, api.CodeInvalid, "say what to run"),
		Entry("for a variable without a name", api.SessionRequest{Command: []string{"x"}, Env: map[string]string{"A=B": "secret"}}, api.CodeInvalid, `"A=B" is no name`),
		Entry("for a NUL byte", api.SessionRequest{Command: []string{"x\x00"}}, api.CodeInvalid, "NUL"),
		Entry("by the backend", api.SessionRequest{Command: []string{"x"}}, api.CodeNotFound, `no claim "amy"`),
	)

	It("is refused to who does not ask for an upgrade", func() {
		status, answer := raw(socket, http.MethodPost, "/v1/claims/amy/exec", `{"command":["x"]}`)
		Expect(status).To(Equal(http.StatusBadRequest))
		Expect(answer).To(ContainSubstring("Upgrade: hal-session"))
	})
})

// upgraded is the connection of a session whose client is the test's.
func upgraded(socket string) net.Conn {
	GinkgoHelper()
	conn, err := net.Dial("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	body := `{"command":["x"]}`
	fmt.Fprintf(conn, "POST /v1/claims/amy/exec HTTP/1.1\r\nHost: hal\r\nConnection: Upgrade\r\nUpgrade: hal-session\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	Expect(bufio.NewReaderSize(conn, 16).ReadString('\n')).To(HavePrefix("HTTP/1.1 101"))
	return conn
}

// noticing has sessions with something to tell.
type noticing struct {
	*fake.Backend
	notices chan string
}

func (b noticing) Session(ctx context.Context, claim string, request api.SessionRequest) (runtime.Session, error) {
	session, err := b.Backend.Session(ctx, claim, request)
	return noticingSession{session, b.notices}, err
}

type noticingSession struct {
	runtime.Session
	notices chan string
}

func (s noticingSession) Notices() <-chan string { return s.notices }

// slowToClose has sessions that take their time to end.
type slowToClose struct {
	*fake.Backend
	closed *atomic.Bool
}

func (b slowToClose) Session(ctx context.Context, claim string, request api.SessionRequest) (runtime.Session, error) {
	session, err := b.Backend.Session(ctx, claim, request)
	return slowSession{session, b.closed}, err
}

type slowSession struct {
	runtime.Session
	closed *atomic.Bool
}

func (s slowSession) Close() error {
	time.Sleep(50 * time.Millisecond)
	s.closed.Store(true)
	return s.Session.Close()
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// failing fails with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// stuckWriter takes nothing until it is closed.
type stuckWriter chan struct{}

func (s stuckWriter) Write(p []byte) (int, error) {
	<-s
	return len(p), nil
}

// BenchmarkSession is what the way over the socket costs.
func BenchmarkSession(b *testing.B) {
	g := NewWithT(b)
	backend := &fake.Backend{}
	backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
		_, _ = io.Copy(p.Stdout, p.Stdin)
		return 0
	})
	socket := b.TempDir() + "/hal.sock"
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.Serve(ctx, api.Socket{Path: socket}, api.NewServer(backend)) }()
	defer func() {
		cancel()
		g.Expect(<-ended).To(Succeed())
	}()
	g.Eventually(func() error {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			err = conn.Close()
		}
		return err
	}).Should(Succeed())
	echo := api.SessionRequest{Command: []string{"cat"}}

	b.Run("keystroke and its echo", func(b *testing.B) {
		in, typed := io.Pipe()
		screen, out := io.Pipe()
		go func() {
			_, _ = api.NewClient(socket).Exec(ctx, "amy", echo, api.Streams{In: in, Out: out, Err: io.Discard})
		}()
		key := make([]byte, 1)
		for b.Loop() {
			_, _ = typed.Write(key)
			_, _ = screen.Read(key)
		}
		_ = typed.Close()
	})

	b.Run("1 MiB there and back", func(b *testing.B) {
		b.SetBytes(1 << 20)
		var out counter
		in := io.LimitReader(zeros{}, int64(b.N)<<20)
		code, err := api.NewClient(socket).Exec(ctx, "amy", echo, api.Streams{In: in, Out: &out, Err: io.Discard})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(code).To(BeZero())
		g.Expect(int(out)).To(Equal(b.N << 20))
	})
}
