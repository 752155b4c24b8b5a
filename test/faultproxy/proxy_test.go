package faultproxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faultproxy"
)

const (
	late     = 100 * time.Millisecond
	patience = 300 * time.Millisecond
	answer   = `{"ID":"0123456789"}`
)

// upstream is a fake engine that counts what was done, streams events, and gives
// back in capitals what is written to a command.
type upstream struct {
	done   atomic.Int32
	events chan string
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch faultproxy.KindOf(r) {
	case faultproxy.Events:
		_ = http.NewResponseController(w).Flush()
		for e := range u.events {
			_, _ = io.WriteString(w, e)
			_ = http.NewResponseController(w).Flush()
		}
	case faultproxy.Exec:
		u.done.Add(1)
		conn, stream, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		input, _ := io.ReadAll(stream)
		_, _ = fmt.Fprintf(conn, "done: %s", input)
	case "DELETE /containers/{id}":
		u.done.Add(1)
		w.WriteHeader(http.StatusNoContent)
	default:
		u.done.Add(1)
		_, _ = io.WriteString(w, answer)
	}
}

var _ = Describe("The proxy", func() {
	var (
		engine *upstream
		proxy  *faultproxy.Proxy
		dial   func() net.Conn
		client http.Client
	)

	BeforeEach(func() {
		dir := GinkgoT().TempDir()
		engine = &upstream{events: make(chan string, 8)}
		listener, err := net.Listen("unix", filepath.Join(dir, "engine"))
		Expect(err).NotTo(HaveOccurred())
		server := http.Server{Handler: engine}
		go func() { _ = server.Serve(listener) }()
		DeferCleanup(server.Close)
		path := filepath.Join(dir, "proxy")
		proxy, err = faultproxy.Listen(path, faultproxy.Options{Upstream: listener.Addr().String(), Delay: late, Patience: patience})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(proxy.Close)
		dial = func() net.Conn {
			conn, err := net.Dial("unix", path)
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(conn.Close)
			return conn
		}
		client = http.Client{Transport: &http.Transport{
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) },
			DisableKeepAlives: true,
		}}
	})

	call := func(method, path string) (status int, body string, err error) {
		request, err := http.NewRequest(method, "http://engine"+path, nil)
		Expect(err).NotTo(HaveOccurred())
		response, err := client.Do(request)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		return response.StatusCode, string(data), err
	}
	info := func() (int, string, error) { return call("GET", "/v1.41/info") }
	always := func(f faultproxy.Fault) { proxy.Begin(func(faultproxy.Call) faultproxy.Fault { return f }) }

	It("passes calls on where there is no fault", func() {
		status, body, err := info()
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusOK))
		Expect(body).To(Equal(answer))
	})

	It("has a record of what was seen and injected since it began", func() {
		_, _, _ = info()
		proxy.Begin(faultproxy.Nth("GET /info", 2, faultproxy.NotFound))
		for range 3 {
			_, _, _ = info()
		}
		Expect(proxy.Record()).To(Equal(faultproxy.Record{
			Seen: map[faultproxy.Kind]int{"GET /info": 3},
			Injected: []faultproxy.Injection{{
				Call: faultproxy.Call{Kind: "GET /info", Path: "/v1.41/info", N: 2}, Fault: faultproxy.NotFound,
			}},
		}))
	})

	DescribeTable("answers in place of the engine", func(f faultproxy.Fault, status int) {
		always(f)
		got, body, err := info()
		Expect(err).NotTo(HaveOccurred())
		Expect(got).To(Equal(status))
		Expect(body).To(MatchJSON(`{"message": "fault injected: ` + http.StatusText(status) + `"}`))
		Expect(engine.done.Load()).To(BeZero())
	},
		Entry("that it broke down", faultproxy.InternalError, 500),
		Entry("that there is no such thing", faultproxy.NotFound, 404),
		Entry("that it cannot be now", faultproxy.Conflict, 409),
	)

	It("is late", func() {
		always(faultproxy.Delay)
		before := time.Now()
		Expect(info()).Error().NotTo(HaveOccurred())
		Expect(time.Since(before)).To(BeNumerically(">=", late))
	})

	DescribeTable("breaks the connection", func(f faultproxy.Fault, done int) {
		always(f)
		_, _, err := info()
		Expect(err).To(MatchError(io.EOF))
		Expect(engine.done.Load()).To(BeEquivalentTo(done))
	},
		Entry("before the call", faultproxy.Reset, 0),
		Entry("after a time without an answer", faultproxy.Hang, 0),
		Entry("when the call is done", faultproxy.ReplyLost, 1),
	)

	It("ends in the middle of a body", func() {
		always(faultproxy.HalfBody)
		status, body, err := info()
		Expect(err).To(MatchError(io.ErrUnexpectedEOF))
		Expect(status).To(Equal(http.StatusOK))
		Expect(body).To(Equal(answer[:len(answer)/2]))
	})

	It("loses a reply that has no body to end in", func() {
		always(faultproxy.HalfBody)
		_, _, err := call("DELETE", "/containers/0123")
		Expect(err).To(MatchError(io.EOF))
		Expect(engine.done.Load()).To(BeEquivalentTo(1))
	})

	Describe("of a stream", func() {
		events := func() *bufio.Reader {
			response, err := client.Get("http://engine/events")
			Expect(err).NotTo(HaveOccurred(), "it opens before anything has happened")
			DeferCleanup(response.Body.Close)
			DeferCleanup(func() { close(engine.events) })
			return bufio.NewReader(response.Body)
		}

		It("passes each message on as it comes", func() {
			stream := events()
			for _, message := range []string{"one\n", "two\n"} {
				engine.events <- message
				Expect(stream.ReadString('\n')).To(Equal(message))
			}
		})

		It("cuts it in its first message", func() {
			always(faultproxy.StreamCut)
			stream := events()
			engine.events <- "message\n"
			data, err := io.ReadAll(stream)
			Expect(err).To(MatchError(io.ErrUnexpectedEOF))
			Expect(data).To(BeEquivalentTo("mess"))
		})

		It("opens it, and passes nothing on", func() {
			always(faultproxy.StreamSilent)
			stream := events()
			engine.events <- "message\n"
			before := time.Now()
			data, err := io.ReadAll(stream)
			Expect(err).To(HaveOccurred())
			Expect(data).To(BeEmpty())
			Expect(time.Since(before)).To(BeNumerically(">", patience/2))
		})
	})

	Describe("of an upgraded connection", func() {
		exec := func() (output string, err error) {
			conn := dial()
			_, err = io.WriteString(conn, "POST /exec/0123/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
			Expect(err).NotTo(HaveOccurred())
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				return "", err
			}
			Expect(response.StatusCode).To(Equal(http.StatusSwitchingProtocols))
			_, err = io.WriteString(conn, "input")
			Expect(err).NotTo(HaveOccurred())
			Expect(conn.(*net.UnixConn).CloseWrite()).To(Succeed())
			data, err := io.ReadAll(reader)
			return string(data), err
		}

		It("passes both directions on, and their ends", func() {
			Expect(exec()).To(Equal("done: input"))
		})

		It("loses the reply to one that has begun", func() {
			always(faultproxy.ReplyLost)
			Expect(exec()).Error().To(MatchError(io.ErrUnexpectedEOF))
			Expect(engine.done.Load()).To(BeEquivalentTo(1))
		})

		It("cuts it in what comes first", func() {
			always(faultproxy.StreamCut)
			Expect(exec()).To(Equal("done:"))
		})

		It("passes nothing on of what comes back", func() {
			always(faultproxy.StreamSilent)
			Expect(exec()).To(BeEmpty())
			Expect(engine.done.Load()).To(BeEquivalentTo(1))
		})
	})
})
