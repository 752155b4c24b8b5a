package project_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/project"
	"hal-controller/pkg/spec"
)

var _ = DescribeTable("Name is one that a claim may have",
	func(dir, name string) {
		Expect(project.Name(dir)).To(Equal(name))
		Expect(spec.CheckName(name)).To(BeEmpty())
	},
	Entry("as the directory is called", "/home/amy/shop", "shop"),
	Entry("without what a name has not", "/src/My_Shop.v2 (old)", "my-shop-v2-old"),
	Entry("of letters alone", "/src/-éclair-", "clair"),
	Entry("where nothing is left", "/src/日本", "project"),
	Entry("of the root", "/", "project"),
	Entry("of a long one", "/src/"+strings.Repeat("ab-", 20), strings.Repeat("ab-", 13)+"a"),
	Entry("of a long one with a dash at its end", "/src/"+strings.Repeat("abc-", 20), strings.Repeat("abc-", 9)+"abc"),
)

var _ = DescribeTable("Numbered keeps a name short enough",
	func(name string, n int, want string) {
		Expect(project.Numbered(name, n)).To(Equal(want))
		Expect(spec.CheckName(want)).To(BeEmpty())
	},
	Entry("the first is the name", "shop", 1, "shop"),
	Entry("the second", "shop", 2, "shop-2"),
	Entry("of a long one", strings.Repeat("x", 40), 100, strings.Repeat("x", 36)+"-100"),
	Entry("of a long one that would end with a dash", strings.Repeat("x", 37)+"-yz", 2, strings.Repeat("x", 37)+"-2"),
)
