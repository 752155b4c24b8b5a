package main

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	fakeruntime "hal-controller/pkg/runtime/fake"
)

var _ = Describe("cp", func() {
	var backend *fake.Backend
	var worker, here string
	write := func(text string, path ...string) {
		GinkgoHelper()
		name := filepath.Join(path...)
		Expect(os.MkdirAll(filepath.Dir(name), 0o755)).To(Succeed())
		Expect(os.WriteFile(name, []byte(text), 0o644)).To(Succeed())
	}
	read := func(path ...string) string {
		GinkgoHelper()
		text, err := os.ReadFile(filepath.Join(path...))
		Expect(err).NotTo(HaveOccurred())
		return string(text)
	}
	BeforeEach(func() {
		backend, worker, here = &fake.Backend{}, GinkgoT().TempDir(), GinkgoT().TempDir()
		backend.OnSession(onHost(worker))
		serving(backend)
		write("1", worker, "src", "sub", "a")
		write("one", worker, "file")
		write("2", here, "src", "sub", "b")
		write("two", here, "file")
		GinkgoT().Chdir(here)
	})

	DescribeTable("copies out",
		func(from, to, file, text string) {
			Expect(hal("cp", "fix:"+from, to)).To(Equal(outcome{}))
			Expect(read(here, file)).To(Equal(text))
		},
		Entry("a file under its own name", "file", ".", "file", "one"),
		Entry("a file under another name", "file", "other", "other", "one"),
		Entry("a file into a directory", "src/sub/a", "src", "src/a", "1"),
		Entry("a directory under its own name", "src", ".", "src/sub/a", "1"),
		Entry("a directory under another name", "src/", "copy", "copy/sub/a", "1"),
		Entry("a directory into a directory", "src", "src", "src/src/sub/a", "1"),
		Entry("what is in a directory", "src/.", "src", "src/sub/a", "1"),
		Entry("what is in a directory, to a new one", "src/.", "copy", "copy/sub/a", "1"),
		Entry("what is where the worker works", "", "copy", "copy/file", "one"),
	)

	DescribeTable("copies in",
		func(from, to, file, text string) {
			Expect(hal("cp", from, "fix:"+to)).To(Equal(outcome{}))
			Expect(read(worker, file)).To(Equal(text))
		},
		Entry("a file under its own name", "file", "", "file", "two"),
		Entry("a file under another name", "./file", "other", "other", "two"),
		Entry("a file into a directory", "src/sub/b", "src", "src/b", "2"),
		Entry("a directory under its own name", "src", ".", "src/sub/b", "2"),
		Entry("a directory under another name", "src", "copy", "copy/sub/b", "2"),
		Entry("a directory into a directory", "src", "src/", "src/src/sub/b", "2"),
		Entry("what is in a directory", "src/.", "src", "src/sub/b", "2"),
		Entry("what is in a directory, to a new one", "src/.", "new/copy", "new/copy/sub/b", "2"),
	)

	DescribeTable("says what is wrong",
		func(from, to string, code int, message string) {
			got := hal("cp", from, to)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("both are here", "file", "other", exitUsage, "must be in a worker"),
		Entry("both are in workers", "a:file", "b:file", exitUsage, "must be in a worker"),
		Entry("a file with a colon here", "./a:b", "other", exitUsage, "must be in a worker"),
		Entry("nothing there to copy", "fix:nothing", ".", exitNo, "copy fix:nothing: tar: nothing"),
		Entry("no directory there to copy from", "fix:nowhere/file", ".", exitNo, "nowhere"),
		Entry("nothing here to copy", "nothing", "fix:", exitNo, "nothing: no such file"),
		Entry("no directory here to copy to", "fix:file", "nowhere/", exitNo, "nowhere"),
		Entry("no directory here to copy into", "fix:file", "nowhere/file", exitNo, "nowhere"),
		Entry("no directory there to copy to", "file", "fix:nowhere/", exitNo, "fix:nowhere/: it is no directory"),
		Entry("no directory there to copy into", "file", "fix:nowhere/file", exitNo, "nowhere"),
		Entry("a file where a directory is to be", "fix:src", "file", exitNo, `unpack "src/`),
	)

	It("ends when what it writes to is full or broken", func() {
		Expect(os.Chmod(here, 0o755)).To(Succeed())
		Expect(os.MkdirAll(filepath.Join(here, "deep", "file"), 0o755)).To(Succeed())
		write("x", here, "deep", "file", "inside")
		got := hal("cp", "fix:file", "deep")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(ContainSubstring(`unpack "file"`))
	})

	It("lets a hostile worker reach nothing else here", func() {
		write("mine", here, "secret")
		destination := filepath.Join(here, "in")
		Expect(os.Mkdir(destination, 0o755)).To(Succeed())
		backend.OnSession(func(_ context.Context, _ string, p *fakeruntime.Process) int {
			w := tar.NewWriter(p.Stdout)
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "x/out", Linkname: here})
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x/out/secret", Size: 4, Mode: 0o644})
			_, _ = io.WriteString(w, "evil")
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x/../../secret", Size: 4, Mode: 0o644})
			_, _ = io.WriteString(w, "evil")
			_ = w.Close()
			return 0
		})
		got := hal("cp", "fix:x", destination)
		Expect(got.code).To(Equal(exitNo))
		Expect(got.err).To(And(ContainSubstring(`left out: "x/out"`), ContainSubstring("x/../../secret")))
		Expect(read(here, "secret")).To(Equal("mine"))
	})

	It("holds no more of what it copies than pipes do", func() {
		big, err := os.Create(filepath.Join(worker, "big"))
		Expect(err).NotTo(HaveOccurred())
		Expect(big.Truncate(64 << 20)).To(Succeed())
		Expect(big.Close()).To(Succeed())
		Expect(hal("cp", "fix:big", "big")).To(Equal(outcome{}))
		Expect(hal("cp", "big", "fix:back")).To(Equal(outcome{}))
		info, err := os.Stat(filepath.Join(worker, "back"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Size()).To(BeEquivalentTo(64 << 20))
	})
})
