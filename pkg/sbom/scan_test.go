package sbom_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/sbom"
)

// file is one entry of a tar.
type file struct {
	name, content string
	kind          byte  // a regular file for 0
	claim         int64 // of a size, in place of the content's
}

// tarOf makes a tar. After a claim that is not kept it just ends.
func tarOf(files ...file) io.Reader {
	GinkgoHelper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(f.content))}
		if f.kind != 0 {
			header.Typeflag, header.Linkname, header.Size = f.kind, "elsewhere", 0
		}
		if f.claim > 0 {
			header.Size = f.claim
		}
		Expect(archive.WriteHeader(header)).To(Succeed())
		_, err := io.WriteString(archive, f.content)
		Expect(err).NotTo(HaveOccurred())
		if f.claim > 0 {
			return &buffer
		}
	}
	Expect(archive.Close()).To(Succeed())
	return &buffer
}

// urls are the package URLs of what was found, each with its locations.
func urls(files ...file) []string {
	GinkgoHelper()
	inventory, err := sbom.Scan(tarOf(files...))
	Expect(err).NotTo(HaveOccurred())
	found := []string{}
	for _, p := range inventory.Packages {
		found = append(found, p.URL()+" in "+strings.Join(p.Locations, ", "))
	}
	return found
}

const status = `Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.3.dfsg+really1.3.1-1+b1
Description: a library
 Version: 9 of something

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Status: install ok installed
Architecture: all
Version: 13.8`

var _ = Describe("A scan", func() {
	It("finds Debian's packages that are installed", func() {
		Expect(urls(file{name: "var/lib/dpkg/status", content: status})).To(Equal([]string{
			"pkg:deb/debian/base-files@13.8?arch=all in var/lib/dpkg/status",
			"pkg:deb/debian/zlib1g@1:1.3.dfsg%2Breally1.3.1-1%2Bb1?arch=amd64 in var/lib/dpkg/status",
		}))
	})

	It("finds npm's packages where npm installs them, each once", func() {
		Expect(urls(
			file{name: "./usr/lib/node_modules/chromadb/package.json", content: `{"name": "chromadb", "version": "3.5.0"}`},
			file{name: "usr/lib/node_modules/a/node_modules/chromadb/package.json", content: `{"name": "chromadb", "version": "3.5.0"}`},
			file{name: "/opt/claude-code/package.json", content: `{"name": "@anthropic-ai/claude-code", "version": "2.1.330"}`},
			file{name: "x/node_modules/@scope/a/package.json", content: `{"name": "@scope/a", "version": "1.0.0"}`},
		)).To(Equal([]string{
			"pkg:npm/%40anthropic-ai/claude-code@2.1.330 in opt/claude-code/package.json",
			"pkg:npm/%40scope/a@1.0.0 in x/node_modules/@scope/a/package.json",
			"pkg:npm/chromadb@3.5.0 in usr/lib/node_modules/a/node_modules/chromadb/package.json, usr/lib/node_modules/chromadb/package.json",
		}))
	})

	DescribeTable("leaves alone",
		func(f file) { Expect(urls(f)).To(BeEmpty()) },
		Entry("a package.json inside of a package", file{name: "node_modules/a/esm/package.json", content: `{"name": "a", "version": "1"}`}),
		Entry("a package.json of a project", file{name: "workspace/package.json", content: `{"name": "a", "version": "1"}`}),
		Entry("a package.json deeper in /opt", file{name: "opt/a/b/package.json", content: `{"name": "a", "version": "1"}`}),
		Entry("a package.json without a version", file{name: "node_modules/a/package.json", content: `{"type": "module"}`}),
		Entry("a package.json that is none", file{name: "node_modules/a/package.json", content: `{"name": 7`}),
		Entry("a name that is none", file{name: "node_modules/a/package.json", content: `{"version": "1", "name": "` + strings.Repeat("x", 600) + `"}`}),
		Entry("a link", file{name: "node_modules/a/package.json", kind: tar.TypeSymlink}),
		Entry("a path out of the image", file{name: "../var/lib/dpkg/status", content: status}),
		Entry("a path that is too long", file{name: strings.Repeat("x/", 3000) + "node_modules/a/package.json", content: `{"name": "a", "version": "1"}`}),
		Entry("a script in /usr/local/bin", file{name: "usr/local/bin/x", content: "#!/bin/sh\n"}),
		Entry("a program that only begins like one", file{name: "usr/local/bin/x", content: "\x7fELFnothing"}),
		Entry("an empty file", file{name: "usr/local/bin/x"}),
	)

	It("finds the modules of a Go program, and the Go that it was made with", func() {
		self, err := os.Executable()
		Expect(err).NotTo(HaveOccurred())
		program, err := os.ReadFile(self)
		Expect(err).NotTo(HaveOccurred())
		Expect(urls(file{name: "usr/local/bin/tool", content: string(program)})).To(ContainElements(
			"pkg:golang/hal-controller in usr/local/bin/tool",
			"pkg:golang/stdlib@"+strings.TrimPrefix(goruntime.Version(), "go")+" in usr/local/bin/tool"))
	})

	It("takes a module for what replaces it", func() {
		var found []string
		for _, p := range sbom.ModulesOf(&debug.BuildInfo{
			GoVersion: "go1.26.8", Main: debug.Module{Path: "example.test/a/tool", Version: "v1.2.3"},
			Deps: []*debug.Module{
				{Path: "plain", Version: "v0.1.0"},
				{Path: "example.test/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.test/new/v2", Version: "v2.0.0"}},
			},
		}) {
			found = append(found, p.URL())
		}
		Expect(found).To(Equal([]string{
			"pkg:golang/stdlib@1.26.8", "pkg:golang/example.test/a/tool@v1.2.3",
			"pkg:golang/plain@v0.1.0", "pkg:golang/example.test/new/v2@v2.0.0",
		}))
	})

	DescribeTable("believes no size: it notices the end of the tar, and keeps nothing of",
		func(name, content string) {
			_, err := sbom.Scan(tarOf(file{name: name, content: content, claim: 1 << 40}))
			Expect(err).To(MatchError(io.ErrUnexpectedEOF))
		},
		Entry("a huge package.json", "node_modules/a/package.json", `{`),
		Entry("a huge program", "usr/local/bin/claude", "\x7fELF"),
		Entry("a huge status", "var/lib/dpkg/status", "Package: x\n"),
	)

	It("says which file it did not look into for its size", func() {
		big := strings.Repeat(" ", 2<<20)
		inventory, err := sbom.Scan(tarOf(file{name: "node_modules/a/package.json", content: big}))
		Expect(err).NotTo(HaveOccurred())
		Expect(inventory.Skipped).To(Equal([]string{"node_modules/a/package.json: not looked into, with its 2 MB"}))
	})

	It("gives up on a line of dpkg's status without an end", func() {
		_, err := sbom.Scan(tarOf(file{name: "var/lib/dpkg/status", content: strings.Repeat("x", 2<<20)}))
		Expect(err).To(MatchError(ContainSubstring("var/lib/dpkg/status: read dpkg's status: ")))
	})

	It("gives up on more packages than any image has", func() {
		reader, writer := io.Pipe()
		defer reader.Close()
		go func() {
			archive := tar.NewWriter(writer)
			for n := 0; ; n++ {
				text := fmt.Sprintf(`{"name": "%d%s", "version": "1"}`, n, strings.Repeat("x", 500))
				if archive.WriteHeader(&tar.Header{Name: "node_modules/a/package.json", Mode: 0o644, Size: int64(len(text))}) != nil {
					return
				}
				_, _ = io.WriteString(archive, text) // the next header has its error
			}
		}()
		_, err := sbom.Scan(reader)
		Expect(err).To(MatchError(ContainSubstring("more packages than any image has")))
	})

	It("says that a tar is none", func() {
		_, err := sbom.Scan(strings.NewReader(strings.Repeat("no tar ", 200)))
		Expect(err).To(MatchError(ContainSubstring("read the image's files: ")))
	})

	It("reads a tar only once, and all of it", func() {
		files := tarOf(file{name: "var/lib/dpkg/status", content: status}, file{name: "other", content: strings.Repeat("x", 100_000)})
		_, err := sbom.Scan(files)
		Expect(err).NotTo(HaveOccurred())
		Expect(files.(*bytes.Buffer).Len()).To(BeNumerically("<=", 512), "the engine's stream ends by itself")
	})
})

var _ = Describe("A bill of materials", func() {
	about := sbom.Subject{Name: "hal/worker", ID: "sha256:1", Tool: "v1"}
	write := func(about sbom.Subject, files ...file) string {
		GinkgoHelper()
		inventory, err := sbom.Scan(tarOf(files...))
		Expect(err).NotTo(HaveOccurred())
		var out strings.Builder
		Expect(inventory.Write(&out, about)).To(Succeed())
		return out.String()
	}
	a := file{name: "node_modules/a/package.json", content: `{"name": "a", "version": "1.0.0", "license": "(MIT OR Apache-2.0)"}`}
	b := file{name: "node_modules/@s/b/package.json", content: `{"name": "@s/b", "version": "2.0.0", "license": {"type": "ISC"}}`}
	dpkg := file{name: "var/lib/dpkg/status", content: status}

	It("has the image, the packages, their licenses and where they are", func() {
		Expect(write(about, a)).To(MatchJSON(`{
			"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
			"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
			"serialNumber": "` + serialOf(write(about, a)) + `",
			"metadata": {
				"component": {"bom-ref": "sha256:1", "type": "container", "name": "hal/worker", "version": "sha256:1"},
				"tools": {"components": [{"type": "application", "name": "hal-controller", "version": "v1"}]}
			},
			"components": [{
				"bom-ref": "pkg:npm/a@1.0.0", "type": "library", "name": "a", "version": "1.0.0", "purl": "pkg:npm/a@1.0.0",
				"licenses": [{"expression": "(MIT OR Apache-2.0)"}],
				"evidence": {"occurrences": [{"location": "node_modules/a/package.json"}]}
			}]
		}`))
	})

	It("is the same bytes whatever the order of the files", func() {
		Expect(write(about, a, b, dpkg)).To(Equal(write(about, dpkg, b, a)))
	})

	It("has a serial number that is a UUID, and another for another image or another content", func() {
		first := serialOf(write(about, a))
		Expect(first).To(MatchRegexp(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`))
		Expect(serialOf(write(about, b))).NotTo(Equal(first))
		Expect(serialOf(write(sbom.Subject{ID: "sha256:2"}, a))).NotTo(Equal(first))
	})

	DescribeTable("gives a license",
		func(license, want string) {
			text := write(about, file{name: "node_modules/a/package.json", content: `{"name": "a", "version": "1", "license": ` + license + `}`})
			var bom struct {
				Components []struct{ Licenses json.RawMessage }
			}
			Expect(json.Unmarshal([]byte(text), &bom)).To(Succeed())
			if want == "" {
				Expect(bom.Components[0].Licenses).To(BeNil())
				return
			}
			Expect(bom.Components[0].Licenses).To(MatchJSON(want))
		},
		Entry("as an expression", `"MIT"`, `[{"expression": "MIT"}]`),
		Entry("of npm's earlier form", `{"type": "BSD-3-Clause", "url": "x"}`, `[{"expression": "BSD-3-Clause"}]`),
		Entry("by name, where it is a sentence", `"SEE LICENSE IN README.md"`, `[{"license": {"name": "SEE LICENSE IN README.md"}}]`),
		Entry("by name, where it is none", `"UNLICENSED"`, `[{"license": {"name": "UNLICENSED"}}]`),
		Entry("not, where nothing can be read", `["MIT"]`, ""),
		Entry("not, where it is endless", `"`+strings.Repeat("x", 600)+`"`, ""),
	)

	It("is a document for an image with nothing that is known, too", func() {
		Expect(write(about)).To(And(ContainSubstring(`"name": "hal/worker"`), Not(ContainSubstring("purl"))))
	})
})

func serialOf(text string) string {
	GinkgoHelper()
	var bom struct{ SerialNumber string }
	Expect(json.Unmarshal([]byte(text), &bom)).To(Succeed())
	return bom.SerialNumber
}
