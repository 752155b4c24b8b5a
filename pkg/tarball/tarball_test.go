package tarball_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/tarball"
)

// entry is a tar's entry of a type, with what is in it or where it leads.
type entry struct {
	kind byte
	name string
	text string
}

func archive(entries ...entry) io.Reader {
	GinkgoHelper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, e := range entries {
		header := &tar.Header{Typeflag: e.kind, Name: e.name, Mode: 0o4755, ModTime: time.Unix(1000, 0)}
		switch e.kind {
		case tar.TypeReg:
			header.Size = int64(len(e.text))
		case tar.TypeSymlink, tar.TypeLink:
			header.Linkname = e.text
		}
		Expect(w.WriteHeader(header)).To(Succeed())
		if e.kind == tar.TypeReg {
			_, err := w.Write([]byte(e.text))
			Expect(err).NotTo(HaveOccurred())
		}
	}
	Expect(w.Close()).To(Succeed())
	return &buffer
}

func file(name, text string) entry      { return entry{tar.TypeReg, name, text} }
func dir(name string) entry             { return entry{tar.TypeDir, name + "/", ""} }
func symlink(name, target string) entry { return entry{tar.TypeSymlink, name, target} }

var _ = Describe("Unpack", func() {
	var outside, inside string // the destination is inside
	BeforeEach(func() {
		outside = GinkgoT().TempDir()
		inside = filepath.Join(outside, "in")
		Expect(os.Mkdir(inside, 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(outside, "secret"), []byte("mine"), 0o600)).To(Succeed())
	})
	unpack := func(from, to string, entries ...entry) ([]tarball.Skipped, error) {
		GinkgoHelper()
		root, err := os.OpenRoot(inside)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		return tarball.Unpack(archive(entries...), root, from, to)
	}
	read := func(name string) string {
		GinkgoHelper()
		text, err := os.ReadFile(filepath.Join(inside, name))
		Expect(err).NotTo(HaveOccurred())
		return string(text)
	}

	It("makes files, directories and links, under the name that is wanted", func() {
		Expect(unpack("src", "copy", dir("src"), dir("src/sub"), file("src/sub/a", "1"),
			symlink("src/link", "sub/a"), entry{tar.TypeLink, "src/hard", "src/sub/a"}, file("src/deep/er/b", "2"))).To(BeEmpty())
		Expect(read("copy/sub/a")).To(Equal("1"))
		Expect(read("copy/link")).To(Equal("1"))
		Expect(read("copy/hard")).To(Equal("1"))
		Expect(read("copy/deep/er/b")).To(Equal("2"))
		info, err := os.Stat(filepath.Join(inside, "copy/sub/a"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode()).To(BeEquivalentTo(0o755), "without setuid")
		Expect(info.ModTime()).To(BeTemporally("==", time.Unix(1000, 0)))
		info, err = os.Stat(filepath.Join(inside, "copy"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ModTime()).To(BeTemporally("==", time.Unix(1000, 0)))
	})

	It("puts what is in a directory beside what is there", func() {
		Expect(os.WriteFile(filepath.Join(inside, "old"), []byte("old"), 0o600)).To(Succeed())
		Expect(unpack(".", ".", dir("."), file("./a", "1"))).To(BeEmpty())
		Expect(read("a") + read("old")).To(Equal("1old"))
		info, err := os.Stat(inside)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ModTime()).To(BeTemporally("~", time.Now(), time.Minute), "it is not the tar's")
	})

	It("replaces files, and what a link leads to stays", func() {
		Expect(os.WriteFile(filepath.Join(inside, "target"), []byte("old"), 0o600)).To(Succeed())
		Expect(os.Symlink("target", filepath.Join(inside, "a"))).To(Succeed())
		Expect(unpack("a", "a", file("a", "new"))).To(BeEmpty())
		Expect(read("a")).To(Equal("new"))
		Expect(read("target")).To(Equal("old"))
	})

	It("takes no directory with something in it away for a file", func() {
		Expect(os.MkdirAll(filepath.Join(inside, "a", "b"), 0o755)).To(Succeed())
		_, err := unpack("a", "a", file("a", "new"))
		Expect(err).To(MatchError(ContainSubstring(`unpack "a"`)))
		Expect(filepath.Join(inside, "a", "b")).To(BeADirectory())
	})

	It("takes no file away for a directory", func() {
		Expect(os.WriteFile(filepath.Join(inside, "a"), []byte("old"), 0o600)).To(Succeed())
		_, err := unpack("a", "a", dir("a"), file("a/b", "new"))
		Expect(err).To(MatchError(ContainSubstring("exists")))
		Expect(read("a")).To(Equal("old"))
	})

	// nothingOutside holds whatever a tar has tried.
	nothingOutside := func() {
		GinkgoHelper()
		text, err := os.ReadFile(filepath.Join(outside, "secret"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(Equal("mine"))
		names, err := os.ReadDir(outside)
		Expect(err).NotTo(HaveOccurred())
		Expect(names).To(HaveLen(2))
	}

	DescribeTable("refuses a tar that has more than what was asked for",
		func(entries ...entry) {
			_, err := unpack("src", "src", entries...)
			Expect(err).To(HaveOccurred())
			nothingOutside()
		},
		Entry("above", file("../evil", "x")),
		Entry("above, by way of it", file("src/../../evil", "x")),
		Entry("at an absolute path", file("/src/evil", "x")),
		Entry("beside", file("other", "x")),
		Entry("beside, by its beginning", file("srcother", "x")),
		Entry("a hard link to what is above", entry{tar.TypeLink, "src/evil", "../secret"}),
		Entry("a hard link to an absolute path", entry{tar.TypeLink, "src/evil", "/etc/passwd"}),
		Entry("nothing that ends", entry{tar.TypeReg, "src/../..", ""}),
	)

	DescribeTable("skips links that lead out, and devices",
		func(bad entry, then ...entry) {
			skipped, err := unpack("src", "src", append([]entry{dir("src"), bad}, then...)...)
			Expect(err).NotTo(HaveOccurred())
			Expect(skipped).To(ConsistOf(HaveField("Name", "src/x")))
			nothingOutside()
			if len(then) > 0 {
				Expect(read("src/x/evil")).To(Equal("x"), "in a directory of its own")
			}
		},
		Entry("to an absolute path", symlink("src/x", "/etc"), file("src/x/evil", "x")),
		Entry("upwards", symlink("src/x", "../.."), file("src/x/evil", "x")),
		Entry("upwards, from behind a name that may be a link", symlink("src/x", "sub/..")),
		Entry("upwards, inside of root", symlink("src/x", "../other")),
		Entry("a device", entry{tar.TypeChar, "src/x", ""}),
		Entry("a pipe", entry{tar.TypeFifo, "src/x", ""}),
	)

	It("follows no link out that was there before, nor a chain of its own", func() {
		Expect(os.Mkdir(filepath.Join(inside, "src"), 0o755)).To(Succeed())
		Expect(os.Symlink(outside, filepath.Join(inside, "src", "x"))).To(Succeed())
		_, err := unpack("src", "src", file("src/x/evil", "x"))
		Expect(err).To(MatchError(ContainSubstring("is a link")))
		nothingOutside()
		_, err = unpack("src", "src", symlink("src/d", "."), symlink("src/d/d/d/up", "../../.."))
		Expect(err).To(MatchError(ContainSubstring("is a link")))
		Expect(filepath.Join(inside, "src", "up")).NotTo(BeAnExistingFile())
	})

	It("says that a tar is broken", func() {
		root, err := os.OpenRoot(inside)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		_, err = tarball.Unpack(strings.NewReader(strings.Repeat("x", 1024)), root, ".", ".")
		Expect(err).To(MatchError(ContainSubstring("read the tar")))
	})
})

var _ = Describe("Pack", func() {
	var source, destination string
	BeforeEach(func() {
		source, destination = GinkgoT().TempDir(), GinkgoT().TempDir()
		Expect(os.MkdirAll(filepath.Join(source, "src", "sub"), 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(source, "src", "sub", "a"), []byte("1"), 0o640)).To(Succeed())
		Expect(os.Symlink("sub/a", filepath.Join(source, "src", "link"))).To(Succeed())
	})
	// copied packs, unpacks, and returns what has come of it.
	copied := func(from, as string) ([]tarball.Skipped, string) {
		GinkgoHelper()
		var buffer bytes.Buffer
		skipped, err := tarball.Pack(&buffer, filepath.Join(source, from), as)
		Expect(err).NotTo(HaveOccurred())
		root, err := os.OpenRoot(destination)
		Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		Expect(tarball.Unpack(&buffer, root, as, as)).To(BeEmpty())
		return skipped, destination
	}
	text := func(name string) string {
		GinkgoHelper()
		content, err := os.ReadFile(filepath.Join(destination, name))
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}

	It("packs a directory under another name, links as links", func() {
		copied("src", "copy")
		Expect(text("copy/sub/a")).To(Equal("1"))
		Expect(os.Readlink(filepath.Join(destination, "copy", "link"))).To(Equal("sub/a"))
		info, err := os.Stat(filepath.Join(destination, "copy/sub/a"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode()).To(BeEquivalentTo(0o640))
	})

	It("packs what is in a directory, and not itself", func() {
		copied("src", ".")
		Expect(text("sub/a")).To(Equal("1"))
	})

	It("packs a file, and what a link leads to", func() {
		copied("src/sub/a", "b")
		Expect(text("b")).To(Equal("1"))
		copied("src/link", "c")
		Expect(text("c")).To(Equal("1"))
	})

	It("skips what is no file", func() {
		Expect(syscall.Mkfifo(filepath.Join(source, "src", "pipe"), 0o600)).To(Succeed())
		skipped, _ := copied("src", "src")
		Expect(skipped).To(ConsistOf(HaveField("Name", "src/pipe")))
	})

	It("is an error for what is not there, and leaves no whole tar of half a directory", func() {
		_, err := tarball.Pack(io.Discard, filepath.Join(source, "none"), "x")
		Expect(err).To(MatchError(os.ErrNotExist))
	})
})
