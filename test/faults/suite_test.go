//go:build e2e

package faults_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "hal-controller on a faulty connection")
}

// The image that `make image-counter` makes is the parent's and the workers'.
const counterImage = "hal/counter"

// full is the long form: each fault on each kind of call.
var full = os.Getenv("HAL_FAULTS") == "full"

// binary is the controller under test.
var binary string

var _ = BeforeSuite(func() {
	SetDefaultEventuallyTimeout(bound)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	var err error
	binary, err = filepath.Abs("../../bin/hal-controller")
	Expect(err).NotTo(HaveOccurred())
	Expect(binary).To(BeAnExistingFile(), "run 'make build' first")
})

var _ = AfterSuite(func() { results.print() })
