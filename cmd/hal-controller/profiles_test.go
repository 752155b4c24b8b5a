package main

import (
	"context"
	"io"
	"net"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Profiles", func() {
	It("are served to this machine, until the controller ends", func(ctx SpecContext) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		address := listener.Addr().String()
		Expect(listener.Close()).To(Succeed())
		serving, end := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- serveProfiles(serving, address) }()
		Eventually(func() (string, error) {
			answer, err := http.Get("http://" + address + "/debug/pprof/goroutine?debug=1")
			if err != nil {
				return "", err
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			return string(text), err
		}).Should(ContainSubstring("goroutine profile"))
		end()
		Eventually(ended).Should(Receive(BeNil()))
	})

	It("are served to nobody else", func() {
		for _, address := range []string{"0.0.0.0:6060", ":6060", "localhost:6060", "x"} {
			got := hal("run", "-f", "pool.yaml", "--pprof", address)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring("127.0.0.1:6060"))
		}
	})
})
