//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"golang.org/x/sys/unix"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
	"hal-controller/pkg/state"
)

// world is a spec's own corner of an engine: an instance of the controller with
// its manifests, state, socket and pools.
type world struct {
	engine
	id          string // in every name that the spec gives
	dir         string // of manifests
	home        string // of everything else
	controllers []*controller
	pools       []string
	images      []string
	foreigners  []string // containers that are not of the instance
}

// newWorld makes a world on the engine of this machine; it ends with the spec.
func newWorld() *world {
	GinkgoHelper()
	return newWorldOn(theEngine())
}

func newWorldOn(e engine) *world {
	GinkgoHelper()
	w := &world{engine: e, id: strings.ToLower(rand.Text()[:6])}
	w.instance = "e2e-" + w.id
	// A socket's path has at most 107 bytes, which a test's usual directory may exceed.
	home, err := os.MkdirTemp("", "hal-e2e-")
	Expect(err).NotTo(HaveOccurred())
	w.home, w.dir = home, filepath.Join(home, "manifests")
	Expect(os.Mkdir(w.dir, 0o755)).To(Succeed())
	DeferCleanup(w.end)
	return w
}

// end tells what is known of a failure, and leaves nothing behind.
func (w *world) end(ctx SpecContext) {
	defer w.removeHome()
	if CurrentSpecReport().Failed() {
		w.tell()
	}
	for _, c := range w.controllers {
		c.kill()
	}
	for _, id := range w.foreigners {
		w.remove(ctx, id)
	}
	w.clear(ctx)
	for _, image := range w.images {
		w.removeImage(ctx, image)
	}
}

func (w *world) tell() {
	for _, pool := range w.pools {
		GinkgoWriter.Printf("--- why %s\n%s", pool, w.hal("why", pool).Out)
		GinkgoWriter.Printf("--- events of %s\n%s", pool, w.hal("events", "--for", "pool/"+pool).Out)
	}
	log, _ := os.ReadFile(w.log())
	GinkgoWriter.Printf("--- the controller's log\n%s--- containers\n%+v\n", log, w.containers(""))
}

func (w *world) log() string    { return filepath.Join(w.home, "log") }
func (w *world) state() string  { return filepath.Join(w.home, "state") }
func (w *world) socket() string { return filepath.Join(w.home, "hal.sock") }

// outcome is how a command line ended.
type outcome struct {
	Code     int
	Out, Err string
}

func exitWith(code int) types.GomegaMatcher { return HaveField("Code", code) }

// hal runs one command line of the controller's in this world.
func (w *world) hal(args ...string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	c := w.command(ctx, args...)
	c.Stdout, c.Stderr = &out, &errOut
	_ = c.Run() // how it ended is in its state
	Expect(c.ProcessState).NotTo(BeNil(), "%s did not start", binary)
	return outcome{c.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func (w *world) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir = w.home
	c.Env = append(os.Environ(), "HAL_INSTANCE="+w.instance, "HAL_SOCKET="+w.socket(),
		"HAL_STATE_DIR="+w.state(), "DOCKER_HOST="+w.host)
	return c
}

// controller is a running daemon.
type controller struct {
	process *os.Process
	ended   chan struct{}
	code    int
}

// start runs the daemon on a path, and returns when it answers. Its resync is so
// rare that what happens in a spec is due to events.
func (w *world) start(path string, flags ...string) *controller {
	GinkgoHelper()
	log, err := os.OpenFile(w.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	Expect(err).NotTo(HaveOccurred())
	defer log.Close()
	command := w.command(context.Background(), append([]string{"run", "-f", path, "--progress", "quiet", "--resync", "10m"}, flags...)...)
	command.Stdout, command.Stderr = log, log
	Expect(command.Start()).To(Succeed())
	c := &controller{process: command.Process, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_ = command.Wait() // how it ended is in its state
		c.code = command.ProcessState.ExitCode()
	}()
	w.controllers = append(w.controllers, c)
	Eventually(w.answers).Should(Succeed())
	return c
}

func (w *world) answers() error {
	connection, err := net.Dial("unix", w.socket())
	if err == nil {
		err = connection.Close()
	}
	return err
}

// kill ends a daemon without giving it a chance to do anything.
func (c *controller) kill() {
	_ = c.process.Signal(syscall.SIGKILL) // one that has ended is dead enough
	<-c.ended
}

// stop ends a daemon as Ctrl-C does.
func (c *controller) stop() {
	GinkgoHelper()
	Expect(c.process.Signal(os.Interrupt)).To(Succeed())
	Eventually(c.ended).Should(BeClosed())
	Expect(c.code).To(BeZero())
}

// forgetState is a lost disk.
func (w *world) forgetState() {
	GinkgoHelper()
	Expect(os.RemoveAll(w.state())).To(Succeed())
}

// slots are the directories of the workers that have any.
func (w *world) slots() []string {
	GinkgoHelper()
	slots, err := filepath.Glob(filepath.Join(state.Slots("*", w.instance), "*"))
	Expect(err).NotTo(HaveOccurred())
	return slots
}

func (w *world) removeHome() {
	GinkgoHelper()
	unmountBelow(w.home)
	Expect(os.RemoveAll(w.home)).To(Succeed())
	w.forgetSlots()
}

// forgetSlots takes all slots away with what is mounted there, as a restart of the
// machine does.
func (w *world) forgetSlots() {
	GinkgoHelper()
	dirs, err := filepath.Glob(state.Slots("*", w.instance))
	Expect(err).NotTo(HaveOccurred())
	for _, dir := range dirs {
		unmountBelow(dir)
		Expect(unix.Unmount(dir, unix.MNT_DETACH)).To(Or(Succeed(), MatchError(unix.EINVAL)))
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

// status is what the daemon says of a pool; the zero status where it knows none.
func (w *world) status(pool string) spec.PoolStatus {
	var p spec.Pool
	answer := w.hal("get", "pool", pool, "-o", "json")
	if answer.Code != 0 || json.Unmarshal([]byte(answer.Out), &p) != nil || p.Status == nil {
		return spec.PoolStatus{}
	}
	return *p.Status
}

func (w *world) condition(pool, kind string) spec.Condition {
	status := w.status(pool)
	return reconcile.Condition(&status, kind)
}

// awaitCondition waits until a pool has a condition, and returns its message.
func (w *world) awaitCondition(pool, kind, status, reason string) string {
	GinkgoHelper()
	var c spec.Condition
	Eventually(func() spec.Condition {
		c = w.condition(pool, kind)
		return c
	}).Should(And(HaveField("Status", status), HaveField("Reason", reason)))
	return c.Message
}

// settle waits until a pool has so many workers, all of them running and warm,
// and nothing is left to do.
func (w *world) settle(pool string, warm int) []container {
	GinkgoHelper()
	Eventually(func() []container { return w.workers(pool) }).
		Should(And(HaveLen(warm), Not(ContainElement(Not(HaveField("State", "running"))))))
	Eventually(func() spec.PoolStatus { return w.status(pool) }).
		Should(And(HaveField("Ready", warm), WithTransform(settled, BeTrue())))
	return w.workers(pool)
}

func settled(s spec.PoolStatus) bool { return reconcile.Settled(&s) }
