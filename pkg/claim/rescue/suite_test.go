package rescue_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestRescue(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Rescue")
}
