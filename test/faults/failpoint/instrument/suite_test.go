package instrument_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestInstrument(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "points in source")
}
