package reconcile_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"
)

func TestReconcile(t *testing.T) {
	RegisterFailHandler(Fail)
	// What is right comes long before that, on a machine with other work too.
	SetDefaultEventuallyTimeout(20 * time.Second)
	before := gleak.Goroutines()
	RunSpecs(t, "reconcile")
	NewWithT(t).Eventually(gleak.Goroutines).ShouldNot(gleak.HaveLeaked(before))
}
