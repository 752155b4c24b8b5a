package main

import (
	"flag"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

//go:generate go test . -count=1 -ginkgo.focus "reference page" -update

var update = flag.Bool("update", false, "write the reference pages")

// generated tells a reader not to edit a page.
const generated = "<!-- Made by `make generate`; an edit here is lost. -->\n\n"

var _ = DescribeTable("The reference page is what the code says",
	func(file string, page func() string) {
		GinkgoT().Setenv("HAL_STATE_DIR", "") // it would be shown as a default
		path := filepath.Join("..", "..", "docs", "reference", file)
		if *update {
			Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
			Expect(os.WriteFile(path, []byte(page()), 0o644)).To(Succeed())
		}
		written, err := os.ReadFile(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(written)).To(Equal(page()), "it is stale: run `make generate`")
	},
	Entry("of the commands", "commands.md", commandsPage),
	Entry("of the manifest", "manifest.md", manifestPage),
)
