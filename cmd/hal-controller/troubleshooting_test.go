package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("docs/troubleshooting.md", func() {
	It("has a section for each condition reason, and for no other", func() {
		page, err := os.ReadFile("../../docs/troubleshooting.md")
		Expect(err).NotTo(HaveOccurred())
		var sections []string
		for line := range strings.Lines(string(page)) {
			title, found := strings.CutPrefix(strings.TrimSpace(line), "## ")
			if found && title != "Other questions" {
				sections = append(sections, title)
			}
		}
		Expect(sections).To(ConsistOf(reasons()))
	})
})

// reasons are the values of the constants whose names begin with Reason.
func reasons() []string {
	GinkgoHelper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../pkg/spec/status.go", nil, 0)
	Expect(err).NotTo(HaveOccurred())
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(c.Names[0].Name, "Reason") {
			value, err := strconv.Unquote(c.Values[0].(*ast.BasicLit).Value)
			Expect(err).NotTo(HaveOccurred())
			values = append(values, value)
		}
		return true
	})
	return values
}
