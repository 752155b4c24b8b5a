package profile

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// directory is a profile "x" in a directory of the spec's own, with a Dockerfile.
func directory() Profile {
	GinkgoHelper()
	p := Profile{Name: "x", Parent: GinkgoT().TempDir()}
	put(p, "Dockerfile", "FROM hal/worker\n")
	return p
}

func put(p Profile, name, text string) {
	GinkgoHelper()
	path := filepath.Join(p.Dir(), name)
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.WriteFile(path, []byte(text), 0o644)).To(Succeed())
}

func tarOf(p Profile) []byte {
	GinkgoHelper()
	s, err := open(p)
	Expect(err).NotTo(HaveOccurred())
	defer s.close()
	var buffer bytes.Buffer
	Expect(s.write(&buffer)).To(Succeed())
	return buffer.Bytes()
}

// listing is a line for each entry of a tar: its mode, its path, and what a link
// leads to.
func listing(archive []byte) []string {
	GinkgoHelper()
	var lines []string
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		Expect(err).NotTo(HaveOccurred())
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%o %s %s", header.Mode, header.Name, header.Linkname)))
	}
}

var _ = Describe("The context of a profile", func() {
	It("is what the directory has, without owners and odd modes", func() {
		p := directory()
		put(p, "bin/tool", "#!/bin/sh\n")
		put(p, "notes", "x")
		Expect(os.Chmod(filepath.Join(p.Dir(), "bin/tool"), 0o4711)).To(Succeed())
		Expect(os.Chmod(filepath.Join(p.Dir(), "notes"), 0o606)).To(Succeed())
		Expect(os.Symlink("../notes", filepath.Join(p.Dir(), "bin/link"))).To(Succeed())
		Expect(listing(tarOf(p))).To(Equal([]string{
			"644 Dockerfile", "755 bin/", "777 bin/link ../notes", "755 bin/tool", "644 notes",
		}))
	})

	It("is the same whenever and by whomever the files were written", func() {
		p := directory()
		before := tarOf(p)
		Expect(os.Chtimes(filepath.Join(p.Dir(), "Dockerfile"), time.Unix(1, 0), time.Unix(1, 0))).To(Succeed())
		Expect(os.Chmod(filepath.Join(p.Dir(), "Dockerfile"), 0o600)).To(Succeed())
		Expect(tarOf(p)).To(Equal(before))
	})

	It("leaves out what .dockerignore names, but not the Dockerfile", func() {
		p := directory()
		put(p, "cache/big", "x")
		put(p, "cache/keep", "x")
		put(p, "a.log", "x")
		put(p, ".dockerignore", "# all but one\ncache/*\n!cache/keep\n*.log\nDockerfile\n.dockerignore\n")
		Expect(listing(tarOf(p))).To(Equal([]string{
			"644 .dockerignore", "644 Dockerfile", "755 cache/", "644 cache/keep",
		}))
	})

	DescribeTable("is refused,",
		func(spoil func(p Profile), message string) {
			p := directory()
			spoil(p)
			_, err := open(p)
			Expect(err).To(MatchError(ContainSubstring(message)))
		},
		Entry("with a link out of it", func(p Profile) {
			Expect(os.Symlink("../../secret", filepath.Join(p.Dir(), "link"))).To(Succeed())
		}, "x/link: a link out of the context, to ../../secret"),
		Entry("with a link to the host", func(p Profile) {
			Expect(os.Symlink("/etc/passwd", filepath.Join(p.Dir(), "link"))).To(Succeed())
		}, "x/link: a link out of the context, to /etc/passwd"),
		Entry("with something that cannot be copied", func(p Profile) {
			Expect(syscall.Mkfifo(filepath.Join(p.Dir(), "pipe"), 0o600)).To(Succeed())
		}, "x/pipe: neither a file nor a directory"),
		Entry("when it is huge", func(p Profile) {
			put(p, "big", "")
			Expect(os.Truncate(filepath.Join(p.Dir(), "big"), maxContext+1)).To(Succeed())
		}, "x: the context is larger than 256 MiB: name what the image does not need in .dockerignore"),
		Entry("with a Dockerfile that leads out of it", func(p Profile) {
			Expect(os.Remove(p.dockerfile())).To(Succeed())
			Expect(os.Symlink("/etc/passwd", p.dockerfile())).To(Succeed())
		}, "x/Dockerfile: path escapes from parent"),
		Entry("with a Dockerfile that is none", func(p Profile) {
			Expect(os.Truncate(p.dockerfile(), maxText+1)).To(Succeed())
		}, "x/Dockerfile: it has more than 1 MiB"),
		Entry("with a pattern that is none", func(p Profile) { put(p, ".dockerignore", "[") }, "x/.dockerignore: "),
	)

	It("may be huge in what is left out", func() {
		p := directory()
		put(p, "big", "")
		Expect(os.Truncate(filepath.Join(p.Dir(), "big"), maxContext+1)).To(Succeed())
		put(p, ".dockerignore", "big")
		Expect(listing(tarOf(p))).NotTo(ContainElement(ContainSubstring("big")))
	})

	It("says that a file was cut short while it was read", func() {
		p := directory()
		put(p, "data", "0123456789")
		s, err := open(p)
		Expect(err).NotTo(HaveOccurred())
		defer s.close()
		put(p, "data", "01234")
		err = s.write(io.Discard)
		Expect(err).To(MatchError(errChanged))
		Expect(err).To(MatchError(ContainSubstring("x/data: ")))
	})

	It("does not follow a link to a directory elsewhere", func() {
		p, elsewhere := directory(), directory()
		linked := Profile{Name: "linked", Parent: p.Parent}
		Expect(os.Symlink(elsewhere.Dir(), linked.Dir())).To(Succeed())
		_, err := open(linked)
		Expect(err).To(MatchError(ContainSubstring(`profile "linked": open its directory in ` + p.Parent)))
	})

	It("is not there without a Dockerfile", func() {
		p := directory()
		Expect(os.Remove(p.dockerfile())).To(Succeed())
		_, err := open(p)
		Expect(err).To(MatchError(fs.ErrNotExist))
	})
})
