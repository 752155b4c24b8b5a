package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The counter", func() {
	var (
		file string
		log  *slog.Logger
	)

	BeforeEach(func() {
		file = filepath.Join(GinkgoT().TempDir(), "hits")
		log = slog.New(slog.NewTextHandler(GinkgoWriter, nil))
	})

	get := func(path string) *httptest.ResponseRecorder {
		GinkgoHelper()
		hits, err := openCounter(file)
		Expect(err).NotTo(HaveOccurred())
		answer := httptest.NewRecorder()
		newHandler(hits, log).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer
	}

	It("has a heartbeat, which is no visit", func() {
		answer := get("/api/v2/heartbeat")
		Expect(answer.Code).To(Equal(http.StatusOK))
		Expect(answer.Body.String()).To(MatchRegexp(`^{"nanosecond heartbeat":[0-9]+}\n$`))
		Expect(file).NotTo(BeAnExistingFile())
	})

	It("goes on counting visits after a restart", func() {
		Expect(get("/").Body.String()).To(MatchJSON(`{"hits": 1}`))
		Expect(get("/").Body.String()).To(MatchJSON(`{"hits": 2}`))
	})

	It("answers 404 to a path it does not know", func() {
		Expect(get("/api/v1/heartbeat").Code).To(Equal(http.StatusNotFound))
	})

	It("says so, and counts nothing, where the count cannot be saved", func() {
		hits := &counter{path: filepath.Join(file, "missing", "hits")}
		answer := httptest.NewRecorder()
		newHandler(hits, log).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		Expect(answer.Code).To(Equal(http.StatusInternalServerError))
		Expect(hits.n).To(BeZero())
	})

	It("refuses to overwrite a file that holds no count", func() {
		Expect(os.WriteFile(file, []byte("many"), 0o600)).To(Succeed())
		_, err := openCounter(file)
		Expect(err).To(MatchError(ContainSubstring("remove it to start from zero")))
	})

	It("counts every one of many visits at once", func() {
		hits, err := openCounter(file)
		Expect(err).NotTo(HaveOccurred())
		var visits sync.WaitGroup
		for range 20 {
			visits.Go(func() {
				defer GinkgoRecover()
				Expect(hits.Add()).To(BeNumerically("<=", 20))
			})
		}
		visits.Wait()
		Expect(os.ReadFile(file)).To(BeEquivalentTo("20\n"))
	})

	It("serves until it is told to stop, and then ends without an error", func(ctx SpecContext) {
		address := freeAddress()
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- run(running, address, filepath.Dir(file), log) }()
		Eventually(ctx, func() (int, error) {
			answer, err := http.Get("http://" + address + "/api/v2/heartbeat")
			if err != nil {
				return 0, err
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			return answer.StatusCode, answer.Body.Close()
		}).Should(Equal(http.StatusOK))
		stop()
		Eventually(ctx, ended).Should(Receive(BeNil()))
	})

	It("names the address that it cannot listen on", func(ctx SpecContext) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		taken := listener.Addr().String()
		Expect(run(ctx, taken, filepath.Dir(file), log)).To(MatchError(ContainSubstring("listen on " + taken)))
	})
})

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}
