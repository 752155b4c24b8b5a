package probe_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/probe"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// execs answers commands; it is all of an engine that probing needs.
type execs struct {
	runtime.Containers
	calls  atomic.Int64
	answer func(ctx context.Context, command []string) (runtime.ExecResult, error)
}

func (e *execs) Exec(ctx context.Context, _ string, command []string) (runtime.ExecResult, error) {
	e.calls.Add(1)
	return e.answer(ctx, command)
}

func exits(code int) func(context.Context, []string) (runtime.ExecResult, error) {
	return func(context.Context, []string) (runtime.ExecResult, error) {
		return runtime.ExecResult{ExitCode: code, Output: "first\nno such model\n"}, nil
	}
}

func readiness(change func(*spec.Probe)) *spec.Probe {
	p := &spec.Probe{
		Period: spec.Duration(time.Second), Timeout: spec.Duration(5 * time.Second),
		FailureThreshold: 3, StartupTimeout: spec.Duration(time.Minute),
	}
	change(p)
	return p
}

// inBubble runs a test with a manager whose time is fake.
func inBubble(t *testing.T, engine *execs, test func(g *WithT, m *probe.Manager)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		m := probe.NewManager(ctx, engine, 4, func(string) {})
		defer m.Wait()
		defer cancel()
		test(NewWithT(t), m)
	})
}

func health(m *probe.Manager) reconcile.Health {
	synctest.Wait()
	return m.Health("dev")["id"]
}

func exec(p *spec.Probe) { p.Exec = []string{"check"} }

func TestErrorsOfTheEngineAreNoneOfTheWorker(t *testing.T) {
	var fails atomic.Int64
	fails.Store(10)
	engine := &execs{answer: func(context.Context, []string) (runtime.ExecResult, error) {
		if fails.Add(-1) >= 0 {
			return runtime.ExecResult{}, errors.New("unexpected EOF")
		}
		return runtime.ExecResult{}, nil
	}}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Warmup: &spec.Warmup{Exec: []string{"warm"}, Timeout: spec.Duration(20 * time.Second)}, Readiness: readiness(exec)}})
		g.Expect(health(m).State).To(Equal(reconcile.HealthStarting))
		g.Expect(health(m).Message).To(Equal("warm-up: unexpected EOF"))
		time.Sleep(time.Minute)
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		fails.Store(1000)
		time.Sleep(4 * time.Minute) // asked every 30 s, and every second after an error
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		g.Expect(health(m).Message).To(Equal("unexpected EOF"))
	})
}

func TestReadyWithItsFirstSuccess(t *testing.T) {
	engine := &execs{answer: exits(0)}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
	})
}

func TestReadyContainerIsAskedByCommandAtMostEvery30Seconds(t *testing.T) {
	engine := &execs{answer: exits(0)}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		time.Sleep(5 * time.Minute)
		g.Expect(engine.calls.Load()).To(BeNumerically("~", 10, 1))
	})
}

func TestFailureMakesAReadyContainerUnreadyOnlyAtTheThreshold(t *testing.T) {
	engine := &execs{}
	var code atomic.Int64
	engine.answer = func(ctx context.Context, c []string) (runtime.ExecResult, error) {
		return exits(int(code.Load()))(ctx, c)
	}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		code.Store(1)
		time.Sleep(31 * time.Second) // the first failure
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		time.Sleep(3 * time.Second)
		g.Expect(health(m).State).To(Equal(reconcile.HealthUnready))
		g.Expect(health(m).Message).To(Equal("check exited with code 1: no such model"))
		code.Store(0)
		time.Sleep(2 * time.Second)
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
	})
}

func TestContainerThatIsNeverReadyFailsAfterItsStartupTimeout(t *testing.T) {
	engine := &execs{answer: exits(1)}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		time.Sleep(59 * time.Second)
		g.Expect(health(m).State).To(Equal(reconcile.HealthStarting))
		time.Sleep(3 * time.Second)
		g.Expect(health(m).State).To(Equal(reconcile.HealthFailed))
	})
}

func TestProbeThatHangsIsAFailureAfterItsTimeout(t *testing.T) {
	engine := &execs{answer: func(ctx context.Context, _ []string) (runtime.ExecResult, error) {
		<-ctx.Done()
		return runtime.ExecResult{}, ctx.Err()
	}}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		time.Sleep(6 * time.Second)
		g.Expect(health(m).Message).To(Equal("check: no answer within 5s"))
	})
}

func TestWarmUpComesFirstAndOnce(t *testing.T) {
	engine := &execs{}
	var seen []string
	engine.answer = func(_ context.Context, command []string) (runtime.ExecResult, error) {
		seen = append(seen, command[0])
		return runtime.ExecResult{}, nil
	}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		target := reconcile.Target{
			ID: "id", Warmup: &spec.Warmup{Exec: []string{"warm"}, Timeout: spec.Duration(20 * time.Second)}, Readiness: readiness(exec),
		}
		m.Watch("dev", []reconcile.Target{target})
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		m.Watch("dev", []reconcile.Target{target}) // watched already: it goes on
		synctest.Wait()
		g.Expect(seen).To(Equal([]string{"warm", "check"}))
	})
}

func TestWarmUpThatFailsOrHangsIsTheEndOfAWorker(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []string) (runtime.ExecResult, error){
		"fails": exits(7),
		"hangs": func(ctx context.Context, _ []string) (runtime.ExecResult, error) {
			<-ctx.Done()
			return runtime.ExecResult{}, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, &execs{answer: answer}, func(g *WithT, m *probe.Manager) {
				m.Watch("dev", []reconcile.Target{{ID: "id", Warmup: &spec.Warmup{Exec: []string{"warm"}, Timeout: spec.Duration(20 * time.Second)}}})
				time.Sleep(21 * time.Second)
				g.Expect(health(m).State).To(Equal(reconcile.HealthFailed))
				g.Expect(health(m).Message).To(HavePrefix("warm-up: warm"))
			})
		})
	}
}

func TestContainerThatIsNoLongerWatchedIsNotAsked(t *testing.T) {
	engine := &execs{answer: exits(0)}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		g.Expect(health(m).State).To(Equal(reconcile.HealthReady))
		m.Watch("dev", nil)
		time.Sleep(5 * time.Minute)
		g.Expect(engine.calls.Load()).To(Equal(int64(1)))
		g.Expect(m.Health("dev")).To(BeEmpty())
	})
}

var _ = Describe("A probe over the network", func() {
	var m *probe.Manager
	var changes chan string
	BeforeEach(func() {
		ctx, cancel := context.WithCancel(context.Background())
		changes = make(chan string, 16)
		m = probe.NewManager(ctx, &execs{answer: exits(0)}, 1, func(pool string) { changes <- pool })
		DeferCleanup(func() { cancel(); m.Wait() })
	})
	state := func() reconcile.Health { return m.Health("dev")["id"] }
	port := func(address net.Addr) int {
		_, text, _ := net.SplitHostPort(address.String())
		n, _ := strconv.Atoi(text)
		return n
	}
	watch := func(address string, change func(*spec.Probe)) {
		p := readiness(change)
		p.Period = spec.Duration(100 * time.Millisecond)
		m.Watch("dev", []reconcile.Target{{ID: "id", Address: address, Readiness: p}})
	}

	It("by HTTP is a success from 200 to 399, and follows no redirect", func() {
		status := atomic.Int64{}
		status.Store(503)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(int(status.Load()))
		}))
		DeferCleanup(server.Close)
		watch("127.0.0.1", func(p *spec.Probe) {
			p.HTTPGet = &spec.HTTPGet{Port: port(server.Listener.Addr()), Path: "/health"}
		})
		Eventually(state).Should(HaveField("Message", ContainSubstring("/health: status 503")))
		status.Store(302)
		Eventually(state).Should(HaveField("State", reconcile.HealthReady))
		Eventually(changes).Should(Receive(Equal("dev")))
		status.Store(404)
		Eventually(state).Should(HaveField("State", reconcile.HealthUnready))
	})
	It("by TCP is a success when the connection is accepted", func() {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		watch("127.0.0.1", func(p *spec.Probe) { p.TCPSocket = &spec.TCPSocket{Port: port(listener.Addr())} })
		Eventually(state).Should(HaveField("State", reconcile.HealthReady))
		Expect(listener.Close()).To(Succeed())
		Eventually(state).Should(HaveField("State", reconcile.HealthUnready))
	})
	It("fails where there is no address", func() {
		watch("", func(p *spec.Probe) { p.TCPSocket = &spec.TCPSocket{Port: 80} })
		Eventually(state).Should(HaveField("Message", ContainSubstring("no address")))
	})
})
