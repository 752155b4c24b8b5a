//go:build e2e

package e2e_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/docker/docker/api/types/image"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// ownEngine is an engine that a spec may stop. It has a network namespace of its
// own: an engine removes the docker0 and rewrites the firewall of another one.
type ownEngine struct {
	dir     string
	netns   string
	process *exec.Cmd
	seen    engine
}

// newOwnEngine starts one, or skips the spec where that cannot be.
func newOwnEngine() *ownEngine {
	GinkgoHelper()
	if _, err := exec.LookPath("dockerd"); err != nil || os.Geteuid() != 0 {
		Skip("only root can start an engine, and only where dockerd is installed")
	}
	// Not in /tmp, which may be a file system that overlays cannot be put on.
	dir, err := os.MkdirTemp("/var/tmp", "hal-e2e-engine-")
	Expect(err).NotTo(HaveOccurred())
	e := &ownEngine{dir: dir, netns: filepath.Base(dir)}
	e.seen = engineAt(e.host())
	DeferCleanup(e.end)
	runIP("netns add " + e.netns)
	runIP("-netns " + e.netns + " link set lo up")
	e.start()
	e.await()
	return e
}

func (e *ownEngine) host() string { return "unix://" + filepath.Join(e.dir, "docker.sock") }

// start starts the engine, and returns before it answers.
func (e *ownEngine) start() {
	GinkgoHelper()
	log, err := os.OpenFile(filepath.Join(e.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	Expect(err).NotTo(HaveOccurred())
	defer log.Close()
	// After a SIGKILL these name processes that have ended.
	for _, pid := range []string{"dockerd.pid", "exec/containerd/containerd.pid"} {
		_ = os.Remove(filepath.Join(e.dir, pid))
	}
	e.process = exec.Command("nsenter", "--net=/run/netns/"+e.netns, "dockerd", "--host="+e.host(), "--data-root="+filepath.Join(e.dir, "data"),
		"--exec-root="+filepath.Join(e.dir, "exec"), "--pidfile="+filepath.Join(e.dir, "dockerd.pid"))
	e.process.Stdout, e.process.Stderr = log, log
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	Expect(e.process.Start()).To(Succeed())
}

// await returns when the engine answers.
func (e *ownEngine) await() {
	GinkgoHelper()
	Eventually(func() error {
		_, err := e.seen.api.Ping(context.Background())
		return err
	}).Should(Succeed())
}

// stop ends the engine as an administrator does, or as a crash does.
func (e *ownEngine) stop(signal syscall.Signal) {
	GinkgoHelper()
	Expect(e.process.Process.Signal(signal)).To(Succeed())
	_ = e.process.Wait() // a signal ended it
}

// importWorker gives the engine an image: the controller's binary, whose pause
// is all that a worker here has to do.
func (e *ownEngine) importWorker(ref string) {
	GinkgoHelper()
	tar := exec.Command("tar", "--create", "--directory="+filepath.Dir(binary), filepath.Base(binary))
	content, err := tar.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(tar.Start()).To(Succeed())
	answer, err := e.seen.api.ImageImport(context.Background(), image.ImportSource{Source: content, SourceName: "-"}, ref, image.ImportOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = io.Copy(io.Discard, answer)
	Expect(err).NotTo(HaveOccurred())
	Expect(answer.Close()).To(Succeed())
	Expect(tar.Wait()).To(Succeed())
}

// end stops the engine, whose containers the world has removed by then.
func (e *ownEngine) end() {
	if CurrentSpecReport().Failed() {
		log, _ := os.ReadFile(filepath.Join(e.dir, "log"))
		GinkgoWriter.Printf("--- the engine's log\n%s", log)
	}
	if e.process.ProcessState != nil { // only an engine can end what is left of its containers
		e.start()
		e.await()
	}
	e.stop(syscall.SIGTERM)
	runIP("netns delete " + e.netns)
	// An engine that was killed leaves its mounts.
	unmountBelow(e.dir)
	Expect(os.RemoveAll(e.dir)).To(Succeed())
}
