package bind

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestBind(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	suite.LabelFilter = "!" + engine
	if onHost() {
		suite.LabelFilter = engine
	}
	RunSpecs(t, "bind", suite, reporter)
}
