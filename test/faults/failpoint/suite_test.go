package failpoint_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestFailpoint(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "points at which a process ends")
}
