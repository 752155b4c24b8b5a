package bind

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"golang.org/x/sys/unix"
)

// engine labels the specs that need a real engine, which has to see the mounts
// that they make. All others run in a mount namespace of their own: what they
// mount is gone with the process, however that ends.
const engine = "engine"

// engineSpecs are there: the test was built with the tag e2e.
var engineSpecs bool

const privately = "HAL_BIND_TEST_PRIVATE"

// onHost says that this process is in the mount namespace of the machine, and may mount.
func onHost() bool { return os.Geteuid() == 0 && os.Getenv(privately) == "" }

func TestMain(m *testing.M) {
	if onHost() {
		code := runPrivately()
		if code != 0 || !engineSpecs {
			os.Exit(code)
		}
	}
	os.Exit(m.Run())
}

// runPrivately runs this test again, in a mount namespace of its own.
func runPrivately() int {
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Args[0] = os.Args[0]
	again.Env = append(os.Environ(), privately+"=yes")
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	err := again.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "run the test in a mount namespace of its own:", err)
		return 1
	}
	return again.ProcessState.ExitCode()
}

// needsRoot skips specs that mount where nobody can.
func needsRoot() {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		Skip("needs root")
	}
}

// withoutMounting does work on a thread that may not mount, as in a container.
func withoutMounting(work func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var own [2]unix.CapUserData
	if err := unix.Capget(&header, &own[0]); err != nil {
		return err
	}
	less := own
	less[0].Effective &^= 1 << unix.CAP_SYS_ADMIN
	if err := unix.Capset(&header, &less[0]); err != nil {
		return err
	}
	return errors.Join(work(), unix.Capset(&header, &own[0]))
}
