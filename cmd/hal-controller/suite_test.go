package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
)

func TestCommands(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The commands")
}

// No spec may reach the engine or the daemon of the machine that it runs on.
var _ = BeforeEach(func() {
	dir := GinkgoT().TempDir()
	GinkgoT().Setenv("HAL_SOCKET", filepath.Join(dir, "hal.sock"))
	GinkgoT().Setenv("HAL_STATE_DIR", filepath.Join(dir, "state"))
	GinkgoT().Setenv("HAL_INSTANCE", "")
	GinkgoT().Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "docker.sock"))
})

// outcome is how a command line ended.
type outcome struct {
	out, err string
	code     int
}

// hal runs one command line.
func hal(args ...string) outcome { return halReading(strings.NewReader(""), args...) }

// halReading is hal with a standard input.
func halReading(in io.Reader, args ...string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	a := &app{in: in, out: &out, errOut: &errOut}
	code := a.main(ctx, args)
	return outcome{out.String(), errOut.String(), code}
}

// serving is a daemon that the command lines of a spec reach.
func serving(b api.Backend) {
	GinkgoHelper()
	socket := os.Getenv("HAL_SOCKET")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.Serve(ctx, api.Socket{Path: socket}, api.NewServer(b)) }()
	DeferCleanup(func() {
		cancel()
		Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(BeNil()))
	})
	Eventually(func() error {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			err = connection.Close()
		}
		return err
	}).Should(Succeed())
}

// manifest writes a file for a spec and returns its path.
func manifest(text string) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "pool.yaml")
	Expect(os.WriteFile(path, []byte(text), 0o644)).To(Succeed())
	return path
}

// devPool is the smallest pool that says how many.
const devPool = `apiVersion: hal/v1alpha1
kind: Pool
metadata:
  name: dev
spec:
  workers:
    warm: 3
    template:
      image: hal/worker
`
