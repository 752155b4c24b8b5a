package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
)

// open connects to a socket, says so much, and leaves the connection open.
func open(socket, words string) net.Conn {
	GinkgoHelper()
	conn, err := net.Dial("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, words)
	Expect(err).NotTo(HaveOccurred())
	return conn
}

var _ = Describe("A client that is slow on purpose", func() {
	It("keeps nobody else from being served, however many connections it opens", func(ctx SpecContext) {
		backend := &fake.Backend{}
		backend.SetPools(pool("dev", 1))
		socket, _ := serve(api.NewServer(backend))
		for range 100 {
			open(socket, "")
			open(socket, "GET /v1/pools HTTP/1.1\r\nHost: h")
			open(socket, "POST /v1/pools/dev/scale HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\n{")
		}
		client := api.NewClient(socket)
		for range 10 {
			Expect(client.Pools(ctx)).To(HaveLen(1))
		}
		Expect(client.Scale(ctx, "dev", 2)).To(Succeed())
	})

	It("is cut off, whatever it does not finish, and nothing is changed", func() {
		backend := &fake.Backend{}
		backend.SetPools(pool("dev", 1))
		socket, _ := serve(api.NewServer(backend))
		dripping := open(socket, "GET /v1/pools HTTP/1.1\r\nX: ")
		go drip(dripping)
		slow := map[string]net.Conn{
			"a byte of the header at a time":     dripping,
			"half a header":                      open(socket, "GET /v1/pools HTTP/1.1\r\nHost: h"),
			"half a body":                        open(socket, "POST /v1/pools/dev/scale HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\n{\"warm\": 5}"),
			"half a chunk":                       open(socket, "POST /v1/apply HTTP/1.1\r\nHost: hal\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"),
			"no body where none belongs":         open(socket, "GET /v1/pools HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\n"),
			"no body of what is not served":      open(socket, "POST /v2/none HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\n"),
			"no body of what is found elsewhere": open(socket, "POST //v1/apply HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\n"),
		}
		for what, conn := range slow {
			Eventually(cutOff(conn)).WithTimeout(time.Minute).Should(BeClosed(), what)
		}
		Expect(backend.Calls()).To(BeEmpty())
	})
})

var _ = Describe("A client that says too much", func() {
	It("is refused a header without an end", func() {
		var asked atomic.Int32
		socket, _ := serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		conn, err := net.Dial("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(conn.Close)
		go func() {
			_, _ = io.WriteString(conn, "GET /v1/pools HTTP/1.1\r\nHost: hal\r\nX: "+strings.Repeat("x", 1<<20)) // it breaks off
		}()
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		Expect(err).NotTo(HaveOccurred())
		defer answer.Body.Close()
		Expect(answer.StatusCode).To(Equal(http.StatusRequestHeaderFieldsTooLarge))
		Expect(asked.Load()).To(BeZero())
	})

	It("is refused a body that is too large, on every request that has one", func() {
		backend := &fake.Backend{}
		backend.SetPools(pool("dev", 1))
		socket, _ := serve(api.NewServer(backend))
		large := `{"x": "` + strings.Repeat("x", 1<<20) + `"}`
		for _, path := range []string{
			"/v1/apply", "/v1/pools/dev/scale", "/v1/pools/dev/suspend", "/v1/pools/dev/rollout", "/v1/claims", "/v1/claims/fix/extend",
		} {
			status, answer := raw(socket, "POST", path, large)
			Expect(status).To(Equal(http.StatusBadRequest), path)
			Expect(answer).To(ContainSubstring("more than 1048576 bytes"), path)
		}
		Expect(backend.Calls()).To(BeEmpty())
	})
})

// drip sends a byte now and then, as long as somebody takes it.
func drip(conn net.Conn) {
	for range time.Tick(10 * time.Millisecond) {
		if _, err := io.WriteString(conn, "x"); err != nil {
			return
		}
	}
}

// cutOff is closed when the other end has closed the connection, whatever it said first.
func cutOff(conn net.Conn) <-chan struct{} {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(io.Discard, conn)
	}()
	return closed
}
