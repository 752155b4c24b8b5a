//go:build e2e

package e2e_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/types"
)

var _ = Describe("A claim that cannot be", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool, full, broken string
	BeforeAll(func() {
		w = newWorld()
		p, f, b := w.pool("refusing", 1), w.pool("full", 1), w.pool("broken", 1)
		f.Spec.Workers.Max = pointer(1)
		b.Spec.Workers.Template.Image = "hal/none-" + w.id
		pool, full, broken = p.Metadata.Name, f.Metadata.Name, b.Metadata.Name
		w.serve(w.write("pools.yaml", p, f, b))
		w.settle(pool, 1)
		w.settle(full, 1)
		w.bound(bob, full, "theirs")
	})
	AfterEach(func() {
		Expect(w.claims()).To(And(HaveLen(1), HaveKey("theirs")))
		records, err := filepath.Glob(filepath.Join(w.state(), "*", "*", "claims", "*"))
		Expect(err).NotTo(HaveOccurred())
		Expect(records).To(HaveExactElements(HaveSuffix("/theirs.json")))
		for _, c := range w.containers("") {
			Expect(c.Name).To(Or(Not(ContainSubstring(".")), HaveSuffix(".theirs")))
		}
	})

	DescribeTable("is refused a place that is not for workers",
		func(uid int, place func() string, reason string) {
			project := place()
			Expect(w.as(uid, "claim", pool, "--name", "refused", "--project", project)).To(refuseInOneLine(reason))
			Expect(w.as(uid, "exec", "--claim-new", pool, "--name", "refused", "--project", project, "--", "true")).To(refuseInOneLine(reason))
		},
		Entry("where the engine's socket is", amy, at("/var/run"), "it leads to /run; it belongs to /run, which no worker may see"),
		Entry("what is above the state directory", 0, func() string { return w.home }, "is in it, which no worker may see"),
		Entry("the controller's records", 0, func() string { return filepath.Join(filepath.Dir(w.auditLog()), "claims") }, "which no worker may see"),
		Entry("another person's that they keep to themselves", amy, func() string { return w.closed("private", 0o700) }, "user 1234 may not list and enter it"),
		Entry("one that can be entered, and not listed", amy, func() string { return w.closed("dark", 0o711) }, "user 1234 may not list and enter it"),
		Entry("one that can be listed, and not entered", amy, func() string { return w.closed("listed", 0o744) }, "user 1234 may not list and enter it"),
	)

	It("is refused the engine's socket, wherever that is", func() {
		elsewhere := newWorld()
		Expect(os.MkdirAll(elsewhere.projects()+"/engine", 0o755)).To(Succeed())
		DeferCleanup(os.RemoveAll, elsewhere.projects())
		socket := elsewhere.projects() + "/engine/docker.sock"
		passOn(socket, strings.TrimPrefix(elsewhere.host, "unix://"))
		p := elsewhere.pool("socket", 1)
		elsewhere.host = "unix://" + socket
		elsewhere.serve(elsewhere.write("pool.yaml", p))
		elsewhere.settle(p.Metadata.Name, 1)
		Expect(elsewhere.as(0, "claim", p.Metadata.Name, "--name", "socket", "--project", filepath.Dir(socket))).To(refuseInOneLine("no worker may see"))
		Expect(elsewhere.claims()).To(BeEmpty())
	})

	It("is told the pool that it means, or those that there are", func() {
		for _, args := range [][]string{{"claim", pool + "x"}, {"exec", "--claim-new", pool + "x", "--", "true"}, {"claude", w.projects(), "--pool", pool + "x"}} {
			Expect(w.as(amy, args...)).To(refuseInOneLine(`no pool "`+pool+`x"`), "%q", args)
			Expect(w.as(amy, args...)).To(refuseInOneLine(`did you mean "`+pool+`"?`), "%q", args)
		}
	})

	It("is told why the pool is not ready, and that one can wait", func() {
		Eventually(func() string { return w.hal("why", broken).Out }).Should(ContainSubstring("hal/none-" + w.id))
		Expect(w.as(amy, "claim", broken, "--name", "refused", "--on-empty", "fail")).To(refuseInOneLine("hal/none-" + w.id))
		late := w.as(amy, "claim", broken, "--name", "refused", "--wait", "300ms")
		Expect(late).To(And(exitWith(3), HaveField("Err", ContainSubstring("waited 300ms"))))
		waits := w.onTerminalAs(amy, "claim", broken, "--name", "refused")
		Eventually(waits.out).Should(gbytes.Say("hal/none-"+w.id), "that which waits says what for")
		Expect(waits.process.Signal(os.Interrupt)).To(Succeed())
		Eventually(waits.ended).Should(Receive(Not(BeZero())))
	})

	It("is told that the pool is at its most, and gets nobody else's worker", func() {
		Expect(w.as(amy, "claim", full, "--name", "refused", "--on-empty", "fail")).To(refuseInOneLine("no worker ready"))
		Expect(w.as(amy, "claim", full, "--name", "refused", "--on-empty", "cold", "--wait", "300ms")).To(exitWith(3))
		Expect(w.as(amy, "claim", full, "--name", "theirs")).To(refuseInOneLine("another person's"))
		Expect(w.as(amy, "exec", "--claim-new", full, "--name", "theirs", "--", "true")).To(refuseInOneLine("already"))
		Expect(w.workers(full)).To(HaveLen(1))
	})

	It("is told what is wrong with what is said, and how to say it", func() {
		for _, args := range [][]string{
			{"--name", "A b"}, {"--name", strings.Repeat("n", 200)}, {"--wait", "soon"}, {"--on-empty", "never"},
			{"--env", "=x"}, {"--env", "NOT_SET_" + w.id}, {"--secret", "key"}, {"--secret", "../key=/etc/hostname"}, {"--secret", "key=/none"},
		} {
			answer := w.as(amy, append([]string{"claim", pool}, args...)...)
			Expect(answer).To(And(exitWith(2), HaveField("Err", ContainSubstring(args[0]))), "%q", args)
		}
		Expect(w.as(amy, "claim", pool, "--ttl", "-1s")).To(And(exitWith(2), HaveField("Err", ContainSubstring("negative"))))
		Expect(w.as(amy, "claim", pool, "--name", "refused", "--env", "A-B=x")).To(refuseInOneLine(`"A-B" is no variable`))
	})
})

// closed is a project of bob's with a mode.
func (w *world) closed(name string, mode os.FileMode) string {
	GinkgoHelper()
	dir := w.project(name, bob)
	Expect(os.Chmod(dir, mode)).To(Succeed())
	return dir
}

// refuseInOneLine matches an answer of no that is a sentence.
func refuseInOneLine(reason string) types.GomegaMatcher {
	return And(refuse(reason), HaveField("Out", BeEmpty()),
		HaveField("Err", WithTransform(func(s string) int { return strings.Count(s, "\n") }, Equal(1))))
}

// passOn has a socket be another one, as long as the spec goes on.
func passOn(socket, to string) {
	GinkgoHelper()
	listener, err := net.Listen("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	passOnAll(listener, to)
}

// passOnAll has what comes to a listener go to a socket, as long as the spec goes on.
func passOnAll(listener net.Listener, to string) {
	DeferCleanup(listener.Close)
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go join(from, to)
		}
	}()
}

func join(from net.Conn, to string) {
	defer from.Close()
	engine, err := net.DialTimeout("unix", to, time.Second)
	if err != nil {
		return
	}
	defer engine.Close()
	go func() {
		_, _ = io.Copy(engine, from)
		_ = engine.(*net.UnixConn).CloseWrite()
	}()
	_, _ = io.Copy(from, engine)
}
