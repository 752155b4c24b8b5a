package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// service is one side of the protocol, as a spec wants it: it gets the name that
// it was asked for, the rest of what comes, and the connection.
type service func(name string, requests *bufio.Reader, connection *net.TCPConn)

// serve runs a service on an address of its own until the spec ends.
func serve(s service) gateway {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go accept(listener, s)
	return gateway{address: listener.Addr().String(), patience: time.Second}
}

func accept(listener net.Listener, s service) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return // the spec has ended
		}
		go func() {
			defer connection.Close()
			requests := bufio.NewReader(connection)
			name, err := requests.ReadString('\n')
			if err == nil {
				s(strings.TrimSuffix(name, "\n"), requests, connection.(*net.TCPConn))
			}
		}()
	}
}

// answers is a service that says the same to everyone, and closes.
func answers(text string) service {
	return func(_ string, requests *bufio.Reader, connection *net.TCPConn) {
		_, _ = io.WriteString(connection, text)
		_ = connection.CloseWrite()
		_, _ = io.Copy(io.Discard, requests)
	}
}

// unusedAddress is one that nobody listens on.
func unusedAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// outcome is how a call of the command ended.
type outcome struct {
	Code     int
	Out, Err string
}

func call(g gateway, in io.Reader, args ...string) outcome {
	var out, complaints bytes.Buffer
	code := run(args, g, in, &out, &complaints)
	return outcome{code, out.String(), complaints.String()}
}

// open is a standard input that nobody closes before the spec ends.
func open() io.Reader {
	in, keep := io.Pipe()
	DeferCleanup(keep.Close)
	return in
}
