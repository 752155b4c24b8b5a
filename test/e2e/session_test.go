//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("A person in a claimed worker", Ordered, func() {
	var w *world
	var c *controller
	var worker container
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("people", 2)
		c = w.start(w.write("pool.yaml", p))
		worker = w.claim(w.settle(p.Metadata.Name, 1+1)[0], "amy")
		Eventually(w.claims).Should(HaveKey("amy")) // which the controller finds
	})
	// running are the commands in the worker, but for what looks.
	running := func() string { return w.run(worker.ID, "ps -eo args").Out }

	It("has the input, the outputs, the exit code and the signals of a command", func() {
		Expect(w.hal("exec", "amy", "--", "sh", "-c", "echo out; echo err >&2; exit 7")).To(Equal(outcome{7, "out\n", "err\n"}))
		Expect(w.hal("exec", "amy", "--", "no-such-command")).To(exitWith(127))
		Expect(w.hal("exec", "amy", "--", "sh", "-c", "kill -s KILL $$")).To(exitWith(128 + 9))
		Expect(w.hal("exec", "bob", "--", "true")).To(And(exitWith(1), HaveField("Err", ContainSubstring(`no claim "bob"`))))
		for name, signal := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1} {
			p := w.begin("exec", "amy", "--", "sh", "-c", "trap 'echo got "+name+"; exit 3' "+name+"; echo ready; while :; do sleep 0.1; done")
			Eventually(p.out).Should(gbytes.Say("ready"))
			Expect(p.process.Signal(signal)).To(Succeed())
			Eventually(p.ended).Should(Receive(Equal(3)), name)
			Expect(p.out).To(gbytes.Say("got " + name))
		}
	})

	It("shows what it is told of secrets to nobody else", func(ctx SpecContext) {
		const canary = "canary-5da1"
		command := w.command(ctx, "exec", "amy", "--env", "TOKEN", "--", "sh", "-c", "echo $TOKEN")
		command.Env = append(command.Env, "TOKEN="+canary)
		Expect(command.Output()).To(BeEquivalentTo(canary + "\n"))
		inspected, _, err := w.api.ContainerInspectWithRaw(ctx, worker.ID, false)
		Expect(err).NotTo(HaveOccurred())
		Expect(fmt.Sprintf("%+v %+v", inspected.Config, inspected.HostConfig)).NotTo(ContainSubstring(canary))
		log, err := os.ReadFile(w.log())
		Expect(err).NotTo(HaveOccurred())
		Expect(string(log)).NotTo(ContainSubstring(canary))
	})

	It("pipes 128 MiB in and out, and neither end's memory grows with it", func(ctx SpecContext) {
		const size = 128 << 20
		before := memory(c.process.Pid)
		command := w.command(ctx, "exec", "amy", "--", "cat")
		command.Stdin = io.LimitReader(zeros{}, size)
		var got counter
		command.Stdout = &got
		Expect(command.Start()).To(Succeed())
		client := command.Process.Pid
		highest := make(chan int, 1)
		go func() {
			highest <- watchMemory(client, c.process.Pid)
		}()
		started := time.Now()
		Expect(command.Wait()).To(Succeed())
		GinkgoWriter.Printf("%d MiB there and back in %s, memory before %d MiB\n", size>>20, time.Since(started), before>>20)
		Expect(int(got)).To(Equal(size))
		Expect(<-highest).To(BeNumerically("<", before+48<<20))
	})

	It("copies files both ways", func() {
		Expect(os.MkdirAll(filepath.Join(w.home, "src", "sub"), 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(w.home, "src", "sub", "a"), []byte("1"), 0o600)).To(Succeed())
		Expect(w.hal("cp", "src", "amy:/tmp")).To(Equal(outcome{}))
		Expect(w.run(worker.ID, "cat /tmp/src/sub/a; stat -c %u /tmp/src/sub/a").Out).To(Equal("11001\n"))
		Expect(w.hal("cp", "amy:/tmp/src/.", "back")).To(Equal(outcome{}))
		Expect(os.ReadFile(filepath.Join(w.home, "back", "sub", "a"))).To(BeEquivalentTo("1"))
		Expect(w.hal("logs", "amy")).To(exitWith(0))
	})

	It("loses the command with the connection", func() {
		for _, flags := range [][]string{{}, {"-t"}} {
			p := w.beginOnTerminal(append(append([]string{"exec", "amy"}, flags...), "--", "sleep", "4321")...)
			Eventually(running).Should(ContainSubstring("sleep 4321"))
			Expect(p.process.Kill()).To(Succeed())
			Eventually(running).ShouldNot(ContainSubstring("sleep 4321"), "%q", flags)
		}
	})

	It("types on a terminal as on any", func() {
		p := w.beginOnTerminal("exec", "amy", "-it", "--", "bash", "--norc")
		Eventually(p.out).Should(gbytes.Say(`\$ `))
		p.typed("stty size; echo $TERM\r")
		Eventually(p.out).Should(gbytes.Say("30 90\r\nxterm-256color\r\n"))
		Expect(pty.Setsize(p.keyboard, &pty.Winsize{Rows: 40, Cols: 100})).To(Succeed())
		Eventually(func() *gbytes.Buffer {
			p.typed("stty size\r")
			return p.out
		}).WithPolling(200 * time.Millisecond).Should(gbytes.Say("40 100\r\n"))
		p.typed("sleep 4322\r")
		Eventually(running).Should(ContainSubstring("sleep 4322"))
		p.typed("\x03")
		Eventually(running).ShouldNot(ContainSubstring("sleep 4322"))
		p.typed("exit 9\r")
		Eventually(p.ended).Should(Receive(Equal(9)))
	})

	It("sees a key within 5 ms", func() {
		p := w.beginOnTerminal("exec", "amy", "-t", "--", "cat")
		p.typed("ready\r")
		Eventually(p.out).Should(gbytes.Say("ready\r\nready\r\n"))
		var took []time.Duration
		for range 200 {
			started := time.Now()
			p.typed("x")
			Eventually(p.out).WithPolling(100 * time.Microsecond).Should(gbytes.Say("x"))
			took = append(took, time.Since(started))
		}
		slices.Sort(took)
		GinkgoWriter.Printf("a key and its echo: p50 %s, p99 %s\n", took[100], took[198])
		Expect(took[100]).To(BeNumerically("<", 5*time.Millisecond))
		p.typed("\r\x04")
		Eventually(p.ended).Should(Receive(Equal(0)))
	})

	It("leaves a session that outlives the connection, and is sent what others type", func() {
		p := w.beginOnTerminal("attach", "amy")
		Eventually(p.out).Should(gbytes.Say(`\$`))
		p.typed("A=kept\r")
		Eventually(func() string { return w.run(worker.ID, "tmux capture-pane -p -t hal").Out }).Should(ContainSubstring("A=kept"))
		p.typed("\x10\x11")
		Eventually(p.ended).Should(Receive(Equal(0)))
		Eventually(p.out).Should(gbytes.Say("detached from amy"))
		Eventually(running).ShouldNot(ContainSubstring("attach-session"))
		Expect(w.hal("send", "amy", "echo $A > /tmp/said;", "echo 'a  b' >> /tmp/said")).To(Equal(outcome{0, "sent to amy\n", ""}))
		Eventually(func() string { return w.run(worker.ID, "cat /tmp/said").Out }).Should(Equal("kept\na  b\n"))
		Eventually(func() outcome { return w.hal("send", "--all", w.pools[0], "echo all > /tmp/said") }).
			Should(Equal(outcome{0, "sent to 1 of pool/" + w.pools[0] + "\n", ""}))
		Eventually(func() string { return w.run(worker.ID, "cat /tmp/said").Out }).Should(Equal("all\n"))
		again := w.beginOnTerminal("attach", "amy")
		Eventually(again.out).Should(gbytes.Say("A=kept"))
		again.typed("\x02d")
		Eventually(again.ended).Should(Receive(Equal(0)))
		Expect(w.run(worker.ID, "tmux kill-server")).To(exitWith(0))
		Expect(w.hal("send", "amy", "x")).To(And(exitWith(1), HaveField("Err", ContainSubstring("hal attach amy"))))
	})

	It("hears of the daemon's end, which ends the command", func() {
		p := w.begin("exec", "amy", "--", "sh", "-c", "echo ready; sleep 4323")
		Eventually(p.out).Should(gbytes.Say("ready"))
		c.stop()
		Eventually(p.ended).Should(Receive(Equal(4)))
		Expect(p.out).To(gbytes.Say("it has stopped"))
		Eventually(running).ShouldNot(ContainSubstring("sleep 4323"))
		Expect(w.hal("exec", "amy", "--", "true")).To(And(exitWith(4), HaveField("Err", ContainSubstring("no daemon"))))
	})
})

// person is a command line that goes on while a spec does.
type person struct {
	process  *os.Process
	keyboard *os.File // nil on pipes
	out      *gbytes.Buffer
	ended    chan int
}

func (p *person) typed(keys string) {
	GinkgoHelper()
	_, err := io.WriteString(p.keyboard, keys)
	Expect(err).NotTo(HaveOccurred())
}

// begin starts a command line on pipes.
func (w *world) begin(args ...string) *person {
	GinkgoHelper()
	p := &person{out: gbytes.NewBuffer(), ended: make(chan int, 1)}
	command := w.command(context.Background(), args...)
	command.Stdout, command.Stderr = p.out, p.out
	Expect(command.Start()).To(Succeed())
	p.await(command)
	return p
}

// beginOnTerminal starts a command line on a terminal of its own.
func (w *world) beginOnTerminal(args ...string) *person {
	GinkgoHelper()
	return onTerminal(w.command(context.Background(), args...))
}

func onTerminal(command *exec.Cmd) *person {
	GinkgoHelper()
	command.Env = append(command.Env, "TERM=xterm-256color")
	keyboard, err := pty.StartWithSize(command, &pty.Winsize{Rows: 30, Cols: 90})
	Expect(err).NotTo(HaveOccurred())
	p := &person{keyboard: keyboard, out: gbytes.NewBuffer(), ended: make(chan int, 1)}
	go func() { _, _ = io.Copy(p.out, keyboard) }()
	p.await(command)
	return p
}

func (p *person) await(command *exec.Cmd) {
	p.process = command.Process
	DeferCleanup(func() { _ = p.process.Kill() })
	go func() {
		_ = command.Wait() // how it ended is in its state
		p.ended <- command.ProcessState.ExitCode()
	}()
}

// memory of a process in bytes, as it is now; 0 for none.
func memory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var total, resident int
	_, _ = fmt.Sscan(string(bytes.TrimSpace(text)), &total, &resident)
	return resident * os.Getpagesize()
}

// watchMemory is the most that either of two processes has until the first ends.
func watchMemory(first, second int) (most int) {
	for {
		now := memory(first)
		if now == 0 {
			return most
		}
		most = max(most, now, memory(second))
		time.Sleep(pollingOften)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
