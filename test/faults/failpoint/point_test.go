package failpoint_test

import (
	"os"
	"os/exec"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faults/failpoint"
)

// visitor is set for the process that the specs start, which passes three points.
const visitor = "HAL_FAILPOINT_VISITOR"

func init() {
	if os.Getenv(visitor) != "" {
		for _, name := range []string{"door", "stairs", "stairs"} {
			failpoint.Point(name)
		}
		os.Exit(0)
	}
}

var _ = Describe("A point", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })
	// visit returns the signal that ended the process; 0 for none.
	visit := func() syscall.Signal {
		GinkgoHelper()
		c := exec.Command("/proc/self/exe")
		c.Env = append(os.Environ(), visitor+"=1", failpoint.Variable+"="+dir)
		_ = c.Run() // how it ended is in its state
		status, is := c.ProcessState.Sys().(syscall.WaitStatus)
		Expect(is).To(BeTrue())
		if !status.Signaled() {
			return 0
		}
		return status.Signal()
	}

	It("is passed while nothing is armed, and counted", func() {
		Expect(visit()).To(BeZero())
		Expect(failpoint.Killed(dir)).To(BeFalse())
		Expect(failpoint.Hits(dir)).To(Equal(map[string]int{"door": 1, "stairs": 2}))
	})

	It("ends the process at the hit that was asked for, and only one process", func() {
		Expect(failpoint.Arm(dir, "stairs", 2)).To(Succeed())
		Expect(visit()).To(Equal(syscall.SIGKILL))
		Expect(failpoint.Killed(dir)).To(BeTrue())
		Expect(failpoint.Hits(dir)).To(Equal(map[string]int{"door": 1, "stairs": 2}))
		Expect(visit()).To(BeZero())
	})

	It("counts its hits over processes", func() {
		Expect(failpoint.Arm(dir, "door", 2)).To(Succeed())
		Expect(visit()).To(BeZero())
		Expect(visit()).To(Equal(syscall.SIGKILL))
	})

	It("is passed once it is disarmed", func() {
		Expect(failpoint.Arm(dir, "door", 1)).To(Succeed())
		Expect(failpoint.Disarm(dir)).To(Succeed())
		Expect(failpoint.Disarm(dir)).To(Succeed())
		Expect(visit()).To(BeZero())
	})
})
