//go:build e2e

package faults_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"hal-controller/pkg/state"
	"hal-controller/test/faultproxy"
)

// world is an instance of the controller behind a proxy, with two pools, two claims
// that are held, and things beside them that are nobody's.
type world struct {
	engine
	main, brief string // pools
	home        string
	projects    string
	log         *os.File
	proxy       *faultproxy.Proxy
	daemon      *daemon
	watch       *watch
	held        []held
	foreign     foreign
	volume      os.FileInfo // of the one that lasts
	round       int
	under       []string // what the daemon runs under: a command, or nothing
}

// newWorld is on the engine that the controller would choose.
func newWorld() *world {
	GinkgoHelper()
	id := strings.ToLower(rand.Text()[:6])
	return newWorldOn(theEngine("faults-"+id), id)
}

func newWorldOn(e engine, id string, under ...string) *world {
	GinkgoHelper()
	w := &world{engine: e, under: under, main: "main-" + id, brief: "brief-" + id, projects: "/var/tmp/hal-faults-" + id}
	// A socket's path has at most 107 bytes, which a test's usual directory may exceed.
	home, err := os.MkdirTemp("", "hal-faults-")
	Expect(err).NotTo(HaveOccurred())
	w.home = home
	for _, dir := range []string{w.manifests(), w.projects} {
		Expect(os.Mkdir(dir, 0o755)).To(Succeed())
	}
	w.log, err = os.OpenFile(filepath.Join(home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	Expect(err).NotTo(HaveOccurred())
	w.proxy, err = faultproxy.Listen(filepath.Join(home, "engine.sock"), faultproxy.Options{
		Upstream: w.path(), Delay: lateness, Patience: patience,
	})
	Expect(err).NotTo(HaveOccurred())
	w.makeForeign()
	w.watch = w.observe(w.foreign)
	w.declareMain(warm)
	w.daemon = supervise(w.runs)
	w.settle()
	for _, name := range []string{"held-1", "held-2"} {
		w.hold(name)
	}
	w.volume = w.volumeDir()
	w.watch.keep("hal-" + w.main + "-data")
	w.settle()
	return w
}

// end leaves nothing behind.
func (w *world) end() {
	GinkgoHelper()
	w.daemon.kill()
	w.watch.end()
	w.clear()
	w.removeForeign()
	Expect(w.proxy.Close()).To(Succeed())
	w.removeSlots()
	Expect(os.RemoveAll(w.home)).To(Succeed())
	Expect(os.RemoveAll(w.projects)).To(Succeed())
	Expect(w.log.Close()).To(Succeed())
	Expect(w.api.Close()).To(Succeed())
}

// keepUnlessFailed returns the world for the next spec, or, after a failure, none:
// what it is like is not known.
func keepUnlessFailed(w *world) *world {
	GinkgoHelper()
	if !CurrentSpecReport().Failed() || w == nil {
		return w
	}
	w.tell()
	w.end()
	return nil
}

// tell writes what is known of a failure.
func (w *world) tell() {
	for _, pool := range []string{w.main, w.brief} {
		GinkgoWriter.Printf("--- why %s\n%s", pool, w.hal("why", pool).Out)
	}
	log, _ := os.ReadFile(w.log.Name())
	const kept = 40 << 10
	GinkgoWriter.Printf("--- the controller's log\n%s--- containers\n", log[max(0, len(log)-kept):])
	for _, c := range w.containers() {
		GinkgoWriter.Println(c.ID[:12], nameOf(c), c.Status)
	}
}

func (w *world) manifests() string { return filepath.Join(w.home, "manifests") }
func (w *world) stateDir() string  { return filepath.Join(w.home, "state") }
func (w *world) socket() string    { return filepath.Join(w.home, "hal.sock") }

// runs is the daemon, whose only engine is the proxy. Events may be silent, so that
// its resync is what finds things out.
func (w *world) runs() *exec.Cmd {
	c := w.command(context.Background(), "run", "-f", w.manifests(), "--progress", "quiet",
		"--resync", resync.String(), "--project-root", w.projects)
	if len(w.under) > 0 {
		c.Path, c.Err = exec.LookPath(w.under[0])
		c.Args = append(slices.Clone(w.under), c.Args...)
	}
	c.Env = append(c.Env, "DOCKER_HOST=unix://"+filepath.Join(w.home, "engine.sock"))
	c.Stdout, c.Stderr = w.log, w.log
	return c
}

// outcome is how a command line ended.
type outcome struct {
	Code     int
	Out, Err string
}

// hal runs one command line of the controller's, past the proxy. One that takes
// longer than a person would wait is interrupted.
func (w *world) hal(args ...string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), commandPatience)
	defer cancel()
	var out, errOut bytes.Buffer
	c := w.command(ctx, args...)
	c.Env = append(c.Env, "DOCKER_HOST="+w.host)
	c.Stdout, c.Stderr = &out, io.MultiWriter(&errOut, GinkgoWriter)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 5 * time.Second
	_ = c.Run() // how it ended is in its state
	Expect(c.ProcessState).NotTo(BeNil(), "%s did not start", binary)
	return outcome{c.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func (w *world) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir = w.home
	c.Env = append(os.Environ(), "HAL_INSTANCE="+w.instance, "HAL_SOCKET="+w.socket(), "HAL_STATE_DIR="+w.stateDir())
	return c
}

// removeSlots removes what the controller has bound into workers, but not what is in
// it: a removal of that would go on into the projects.
func (w *world) removeSlots() {
	GinkgoHelper()
	dirs, err := filepath.Glob(state.Slots("*", w.instance))
	Expect(err).NotTo(HaveOccurred())
	for _, dir := range dirs {
		unmountBelow(dir)
		Expect(unix.Unmount(dir, unix.MNT_DETACH)).To(Or(Succeed(), MatchError(unix.EINVAL)), "it may be no mount")
		Expect(os.RemoveAll(dir)).To(Succeed())
	}
}

// unmountBelow takes away all mounts below a directory, the last one first.
func unmountBelow(dir string) {
	GinkgoHelper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	Expect(err).NotTo(HaveOccurred())
	for _, line := range slices.Backward(strings.Split(string(mounts), "\n")) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH) // one within another may have gone with it
		}
	}
}
