package sbom_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestSBOM(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "pkg/sbom")
}
