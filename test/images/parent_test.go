//go:build e2e

package images_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("hal/parent", func() {
	// What a parent that stops in time may take: far less than any grace period.
	const soon = 5 * time.Second

	for _, signal := range []string{"TERM", "INT"} {
		for _, age := range []time.Duration{0, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, time.Second} {
			It("ends soon after SIG"+signal+", "+age.String()+" after its start", func() {
				parent := run(parentImage)
				time.Sleep(age) // whatever it does by then
				docker("kill", "--signal", signal, string(parent))
				Eventually(parent.state).WithTimeout(soon).Should(Equal("exited"))
			})
		}
	}

	It("answers at its heartbeat, with nothing but what its manifest allows", func() {
		parent := run(append([]string{"--mount", "type=volume,target=/data/chromadb"}, append(hardened, parentImage)...)...)
		began := time.Now()
		Eventually(func() int {
			return parent.exec("", "bash", "-c", `exec 3<>/dev/tcp/localhost/8000 && printf 'GET /api/v2/heartbeat HTTP/1.0\r\n\r\n' >&3 && grep heartbeat <&3`).Code
		}).Should(BeZero())
		AddReportEntry("from start to heartbeat", time.Since(began).Round(time.Millisecond).String())
	})

	It("tells how the server ended that ended of itself", func() {
		parent := run(parentImage, "chroma-server", "--port", "none")
		Eventually(parent.state).Should(Equal("exited"))
		Expect(docker("inspect", "--format", "{{.State.ExitCode}}", string(parent))).NotTo(Equal("0"))
	})
})

func (c container) state() string {
	GinkgoHelper()
	return docker("inspect", "--format", "{{.State.Status}}", string(c))
}
