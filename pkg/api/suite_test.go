package api_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"
)

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	before := gleak.Goroutines()
	RunSpecs(t, "api")
	NewWithT(t).Eventually(gleak.Goroutines).ShouldNot(gleak.HaveLeaked(before))
}
