package reconcile_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestReconcile(t *testing.T) {
	RegisterFailHandler(Fail)
	// What is right comes long before that, on a machine with other work too.
	SetDefaultEventuallyTimeout(20 * time.Second)
	RunSpecs(t, "reconcile")
}
