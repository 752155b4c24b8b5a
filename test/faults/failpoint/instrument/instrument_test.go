package instrument_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faults/failpoint/instrument"
)

const source = `package shop

import "os"

type Shop struct{}

func (s *Shop) Sell(n int) error {
	return nil
}

func (s *Shop) Name() string { return "" }
func (s *Shop) hide() error  { return nil }
func (o Other) Sell() error  { return nil }
func burn(p string)          { _ = os.Remove(p) }
`

var _ = Describe("Source with points", func() {
	DescribeTable("has them in", func(choose instrument.Choice, functions ...string) {
		_, found, err := instrument.Source("shop.go", source, choose)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(Equal(functions))
	},
		Entry("the exported methods of a type that can fail", instrument.Methods("Shop"), "shop.Shop.Sell"),
		Entry("what removes a file", instrument.Writers(), "shop.burn"),
	)

	It("comes to them before anything else in a function, and at its end", func() {
		text, _, err := instrument.Source("shop.go", source, instrument.Methods("Shop"))
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(ContainSubstring(`Sell(n int) error { failpoint.Point("shop.Shop.Sell:before"); defer failpoint.Point("shop.Shop.Sell:after"); ` + "\n\treturn nil"))
	})

	It("has its lines where they were", func() {
		text, _, err := instrument.Source("shop.go", source, instrument.Writers())
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Count(text, "\n")).To(Equal(strings.Count(source, "\n")))
	})

	It("has a clock that can be off", func() {
		text, found, err := instrument.Source("clock.go", "package clock\n\nimport \"time\"\n\nvar a, b = time.Now, time.Since(t)\n", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(BeEmpty())
		Expect(text).To(HaveSuffix("var a, b = failpoint.Now, failpoint.Since(t)\n\nvar _ time.Time\n"))
	})

	It("is none of a file without either", func() {
		text, _, err := instrument.Source("shop.go", source, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(BeEmpty())
	})

	It("is not made for a package in which nothing is chosen", func() {
		_, err := instrument.Functions("../../../..", instrument.Target{Dir: "pkg/clone", Choose: instrument.Methods("Nobody")})
		Expect(err).To(MatchError("instrument pkg/clone: nothing in it is chosen"))
	})

	It("is listed for go build, with the file that it takes the place of", func() {
		module, to := GinkgoT().TempDir(), GinkgoT().TempDir()
		Expect(os.Mkdir(filepath.Join(module, "shop"), 0o755)).To(Succeed())
		file := filepath.Join(module, "shop", "shop.go")
		Expect(os.WriteFile(file, []byte(source), 0o644)).To(Succeed())
		target := instrument.Target{Dir: "shop", Choose: instrument.Writers()}
		Expect(instrument.Functions(module, target)).To(Equal([]string{"shop.burn"}))
		list, err := instrument.Overlay(module, to, target)
		Expect(err).NotTo(HaveOccurred())
		content, err := os.ReadFile(list)
		Expect(err).NotTo(HaveOccurred())
		Expect(content).To(MatchJSON(`{"Replace": {"` + file + `": "` + filepath.Join(to, "0.go") + `"}}`))
		Expect(os.ReadFile(filepath.Join(to, "0.go"))).To(ContainSubstring(`failpoint.Point("shop.burn:before")`))
	})
})
