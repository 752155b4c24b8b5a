package hal9000

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestHAL9000(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "pkg/hal9000")
}
