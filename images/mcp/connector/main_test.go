package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("hal-mcp", func() {
	It("relays both ways, and lets what was piped in be answered before it ends", func() {
		g := serve(func(name string, requests *bufio.Reader, connection *net.TCPConn) {
			fmt.Fprintln(connection, "ok")
			all, _ := io.ReadAll(requests) // returns only when the end is passed on
			fmt.Fprintf(connection, "%s was told %q", name, all)
		})
		Expect(call(g, strings.NewReader("one\ntwo\n"), "chromadb")).
			To(Equal(outcome{Code: exitOK, Out: `chromadb was told "one\ntwo\n"`}))
	})

	It("passes on each reply as it comes", func() {
		g := serve(func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
			fmt.Fprintln(connection, "ok")
			_, _ = io.Copy(connection, requests)
		})
		in, say := io.Pipe()
		replies, out := io.Pipe()
		ended := make(chan int, 1)
		go func() { ended <- run([]string{"memory-bank"}, g, in, out, GinkgoWriter) }()
		heard := bufio.NewReader(replies)
		for _, request := range []string{"first\n", "second\n"} {
			_, err := io.WriteString(say, request)
			Expect(err).NotTo(HaveOccurred())
			Expect(heard.ReadString('\n')).To(Equal(request))
		}
		Expect(say.Close()).To(Succeed())
		Eventually(ended).Should(Receive(Equal(exitOK)))
	})

	It("relays more than any buffer holds", func() {
		g := serve(func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
			fmt.Fprintln(connection, "ok")
			_, _ = io.Copy(connection, requests)
		})
		much := strings.Repeat("0123456789abcdef", 1<<18)
		got := call(g, strings.NewReader(much), "chromadb")
		Expect(got.Code).To(Equal(exitOK), got.Err)
		Expect(strings.Compare(got.Out, much)).To(BeZero(), "%d bytes came back of %d", len(got.Out), len(much))
	})

	It("waits for a service that is on its way up", func() {
		address := unusedAddress()
		listeners := make(chan net.Listener, 1)
		time.AfterFunc(3*retryAfter, func() {
			defer GinkgoRecover()
			listener, err := net.Listen("tcp", address)
			Expect(err).NotTo(HaveOccurred())
			listeners <- listener
			accept(listener, func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
				fmt.Fprintln(connection, "ok")
				_, _ = io.Copy(io.Discard, requests)
				fmt.Fprint(connection, "welcome")
			})
		})
		g := gateway{address: address, patience: 10 * time.Second}
		Expect(call(g, strings.NewReader(""), "chromadb")).To(Equal(outcome{Code: exitOK, Out: "welcome"}))
		Expect((<-listeners).Close()).To(Succeed())
	})

	It("says that a service cannot be reached, where it looked, and what to do", func() {
		address := unusedAddress()
		got := call(gateway{address: address, patience: time.Millisecond}, open(), "chromadb")
		Expect(got.Code).To(Equal(exitBroken))
		Expect(got.Out).To(BeEmpty())
		Expect(got.Err).To(And(HavePrefix("hal-mcp: the MCP service at "+address), ContainSubstring("connection refused"),
			HaveSuffix("add the service mcp with image hal/mcp to the pool, or set HAL_MCP_ADDRESS\n")))
	})

	It("does not wait for an address that can never be right", func() {
		started := time.Now()
		got := call(gateway{address: "localhost", patience: time.Hour}, open(), "chromadb")
		Expect(got).To(And(HaveField("Code", exitBroken), HaveField("Err", ContainSubstring("missing port"))))
		Expect(time.Since(started)).To(BeNumerically("<", time.Minute))
	})

	It("gives the reason of a refusal, on one line", func() {
		g := serve(answers("error there is no server time: there are \x1b[2J chromadb and memory-bank\n"))
		Expect(call(g, open(), "time")).To(Equal(outcome{Code: exitBroken,
			Err: "hal-mcp: time at " + g.address + ": there is no server time: there are  [2J chromadb and memory-bank\n"}))
	})

	DescribeTable("does not take another service for its own",
		func(answer, complaint string) {
			got := call(serve(answers(answer)), open(), "chromadb")
			Expect(got.Code).To(Equal(exitBroken))
			Expect(got.Out).To(BeEmpty())
			Expect(got.Err).To(ContainSubstring(complaint))
		},
		Entry("a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", `the answer "HTTP/1.1 400 Bad Request\r" is not that of the service mcp`),
		Entry("an MCP server", `{"jsonrpc":"2.0"}`+"\n", "is not that of the service mcp"),
		Entry("one that sends without a line's end", strings.Repeat("x", 2*longestAnswer), "is not that of the service mcp"),
		Entry("one that says nothing", "", "no answer"),
	)

	It("ends with a complaint when the service ends the session", func() {
		g := serve(func(_ string, _ *bufio.Reader, connection *net.TCPConn) { fmt.Fprint(connection, "ok\nhalf") })
		got := call(g, open(), "chromadb")
		Expect(got).To(Equal(outcome{Code: exitBroken, Out: "half",
			Err: "hal-mcp: chromadb at " + g.address + ": " + errCutOff.Error() + "\n"}))
	})

	It("ends with a complaint when a server breaks while it answers what was piped in", func() {
		g := serve(func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
			fmt.Fprintln(connection, "ok")
			_, _ = io.Copy(io.Discard, requests)
			_ = connection.SetLinger(0) // a reset, which is what the service sends then
		})
		got := call(g, strings.NewReader("request\n"), "chromadb")
		Expect(got).To(And(HaveField("Code", exitBroken), HaveField("Err", ContainSubstring("connection reset"))))
	})

	It("shows how it is used to who asks", func() {
		Expect(call(gateway{}, open(), "--help")).To(Equal(outcome{Code: exitOK, Out: usage}))
	})

	DescribeTable("shows how it is used to who calls it",
		func(args ...string) {
			Expect(call(gateway{}, open(), args...)).To(Equal(outcome{Code: exitUsage, Err: usage}))
		},
		Entry("without a name"),
		Entry("with two", "chromadb", "memory-bank"),
		Entry("with an empty one", ""),
		Entry("with an unknown flag", "-x"),
		Entry("with a name of two lines", "chromadb\n{}"),
	)

	It("is ended by SIGTERM, and the connection with it", func(ctx SpecContext) {
		binary := filepath.Join(GinkgoT().TempDir(), "hal-mcp")
		Expect(exec.CommandContext(ctx, "go", "build", "-o", binary, ".").Run()).To(Succeed())
		joined, left := make(chan struct{}), make(chan struct{})
		g := serve(func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
			fmt.Fprintln(connection, "ok")
			close(joined)
			_, _ = io.Copy(io.Discard, requests)
			close(left)
		})
		command := exec.CommandContext(ctx, binary, "chromadb")
		command.Env = append(os.Environ(), "HAL_MCP_ADDRESS="+g.address)
		command.Stdin = open()
		Expect(command.Start()).To(Succeed())
		Eventually(joined).WithTimeout(10 * time.Second).Should(BeClosed())
		Expect(command.Process.Signal(syscall.SIGTERM)).To(Succeed())
		Eventually(left).WithTimeout(10 * time.Second).Should(BeClosed())
		Expect(command.Process.Wait()).To(HaveField("Success()", BeFalse()))
	}, SpecTimeout(2*time.Minute))
})
