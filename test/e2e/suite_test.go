//go:build e2e

package e2e_test

import (
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "hal-controller on a real engine")
}

// The images that `make images` and `make bin/hal-counter` make.
const (
	workerImage = "hal/worker"
	parentImage = "hal/counter"
)

// pollingOften is for what is over soon.
const pollingOften = 2 * time.Millisecond

// binary is the controller under test.
var binary string

var _ = BeforeSuite(func(ctx SpecContext) {
	// An engine that others use as well may take its time; what is right comes
	// long before that.
	SetDefaultEventuallyTimeout(40 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(3 * time.Second)
	SetDefaultConsistentlyPollingInterval(100 * time.Millisecond)

	var err error
	binary, err = filepath.Abs("../../bin/hal-controller")
	Expect(err).NotTo(HaveOccurred())
	Expect(binary).To(BeAnExistingFile(), "run 'make build' first")
	engine := theEngine()
	for _, image := range []string{workerImage, parentImage} {
		_, err := engine.api.ImageInspect(ctx, image)
		Expect(err).NotTo(HaveOccurred(), "run 'make images' first")
	}
})
