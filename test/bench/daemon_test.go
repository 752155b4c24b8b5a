//go:build bench

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/api"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
	"hal-controller/pkg/state"
)

const (
	settledFor = 20 * time.Second
	// ticksPerSecond is USER_HZ, which Linux fixes at 100 for /proc.
	ticksPerSecond = 100
)

// measureDaemon is what the program itself costs while its pool is settled.
func measureDaemon(t *testing.T, figures *table) {
	d := startDaemon(t, pool+"d", settledPool())
	time.Sleep(5 * time.Second) // past its start
	before := d.cpuTicks()
	time.Sleep(settledFor)
	busy := float64(d.cpuTicks()-before) / ticksPerSecond / settledFor.Seconds()
	figures.fact(fmt.Sprintf("CPU of a settled daemon, %d workers", workers), fmt.Sprintf("%.2f %%", 100*busy), "of one core, over "+settledFor.String())
	figures.fact("resident memory of it", fmt.Sprintf("%.1f MB", float64(d.residentKiB())/1024), "VmRSS")
}

// removeSlots removes what an instance has made outside of its own directories.
func removeSlots(t *testing.T, instance string) {
	dirs, err := filepath.Glob(state.Slots("*", instance))
	if err != nil {
		t.Error(err)
	}
	for _, dir := range dirs {
		unmountBelow(dir)
		if err := errors.Join(unix.Unmount(dir, unix.MNT_DETACH), os.RemoveAll(dir)); err != nil {
			t.Errorf("remove %s: %v", dir, err)
		}
	}
}

type daemonProcess struct {
	t        *testing.T
	command  *exec.Cmd
	socket   string
	manifest string                         // the file's path
	hal      func(args ...string) *exec.Cmd // one command line of it
}

func settledPool() string {
	return fmt.Sprintf(`apiVersion: hal/v1alpha1
kind: Pool
metadata: {name: %sd}
spec:
  workers:
    warm: %d
    template: {image: %s, command: [sleep, infinity], resources: {memory: 64Mi}}
`, pool, workers, image)
}

// startDaemon runs one on a pool of this name until the test ends, and returns when
// the pool is as declared.
func startDaemon(t *testing.T, name, text string, flags ...string) daemonProcess {
	t.Helper()
	dir := t.TempDir()
	manifest := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	instance, socket := "benchd-"+name, filepath.Join(dir, "sock")
	run := func(args ...string) *exec.Cmd {
		c := exec.Command("../../bin/hal-controller", args...)
		c.Env = append(os.Environ(), "HAL_INSTANCE="+instance, "HAL_SOCKET="+socket, "HAL_STATE_DIR="+filepath.Join(dir, "state"))
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		return c
	}
	d := daemonProcess{t, run(append([]string{"run", "-f", manifest, "--progress", "quiet"}, flags...)...), socket, manifest, run}
	d.command.Stderr = nil
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeSlots(t, instance) })
	t.Cleanup(func() {
		if err := run("delete", "pool", name, "--wait", "--timeout", "2m").Run(); err != nil {
			t.Errorf("delete the daemon's pool: %v", err)
		}
		_ = d.command.Process.Signal(os.Interrupt)
		_ = d.command.Wait()
	})
	waitSettled(t, socket)
	return d
}

func waitSettled(t *testing.T, socket string) {
	t.Helper()
	client := api.NewClient(socket)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		pools, err := client.Pools(context.Background())
		if err == nil && len(pools) == 1 && settled(pools[0]) {
			return
		}
	}
	t.Fatal("the daemon's pool did not settle within two minutes")
}

func settled(p spec.Pool) bool { return p.Status != nil && reconcile.Settled(p.Status) }

// cpuTicks is user and system time so far, from /proc/PID/stat (proc(5): fields
// 14 and 15).
func (d daemonProcess) cpuTicks() int {
	text := d.read("stat")
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

func (d daemonProcess) residentKiB() int {
	for _, line := range strings.Split(d.read("status"), "\n") {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	d.t.Fatal("no VmRSS in /proc")
	return 0
}

func (d daemonProcess) read(file string) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.command.Process.Pid, file))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(data)
}
