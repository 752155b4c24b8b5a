package tarball_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/tarball"
)

// hostile are tars that would leave the directory that they are unpacked into, and some
// that would not.
var hostile = [][3]entry{
	{dir("a"), file("a/b", "text"), symlink("a/c", "b")},
	{file("../evil", "x"), file("a/../../evil", "x"), file("/evil", "x")},
	{symlink("a/up", "../.."), file("a/up/evil", "x"), file("a/x", "x")},
	{symlink("a", ".."), file("a/evil", "x"), dir("a")},
	{symlink("a/d", "e/../../.."), dir("a/e"), file("a/d/evil", "x")},
	{dir("a/e"), symlink("a/e/d", ".."), symlink("a/l", "e/d/../../..")},
	{{tar.TypeLink, "a/hard", "../secret"}, {tar.TypeLink, "a/h", "/etc/passwd"}, {tar.TypeLink, "a/a", "a/h"}},
	{{tar.TypeChar, "a/device", ""}, {tar.TypeBlock, "a/block", ""}, {tar.TypeFifo, "a/fifo", ""}},
	{dir("a"), file("a", "x"), symlink("a", "b")},
	{file("a/"+strings.Repeat("n", 300), "x"), file(strings.Repeat("d/", 200)+"x", "x"), dir("a/../b")},
}

// FuzzUnpack looks for entries of tars that make Unpack panic, or write, change or link
// to anything outside of the directory that they are unpacked into.
func FuzzUnpack(f *testing.F) {
	for _, e := range hostile {
		for _, place := range []string{"a", "."} {
			f.Add(e[0].kind, e[0].name, e[0].text, e[1].kind, e[1].name, e[1].text, e[2].kind, e[2].name, e[2].text, place, place)
		}
	}
	f.Fuzz(func(t *testing.T, kind1 byte, name1, text1 string, kind2 byte, name2, text2 string, kind3 byte, name3, text3, from, to string) {
		if !filepath.IsLocal(to) {
			return // that is the caller's, who names a place below root
		}
		staysInside(t, packed(entry{kind1, name1, text1}, entry{kind2, name2, text2}, entry{kind3, name3, text3}), from, to)
	})
}

// FuzzUnpackBytes looks for the same in what need not be a tar.
func FuzzUnpackBytes(f *testing.F) {
	for _, e := range hostile {
		f.Add(packed(e[:]...), "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, from string) { staysInside(t, text, from, "to") })
}

// staysInside unpacks, and expects nothing outside of the destination to change, and
// nothing in it to lead out of it.
func staysInside(t *testing.T, text []byte, from, to string) {
	g := NewWithT(t)
	boundFiles(g)
	outside := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600)).To(Succeed())
	inside := filepath.Join(outside, "inside")
	g.Expect(os.Mkdir(inside, 0o755)).To(Succeed())
	before := around(g, outside)
	root, err := os.OpenRoot(inside)
	g.Expect(err).NotTo(HaveOccurred())
	defer root.Close()
	_, _ = tarball.Unpack(bytes.NewReader(text), root, from, to)
	g.Expect(around(g, outside)).To(Equal(before))
	g.Expect(filepath.WalkDir(inside, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a directory that may not be read, as the tar said
		}
		g.Expect(d.Type()&^(fs.ModeDir|fs.ModeSymlink)).To(BeZero(), path)
		if target, err := filepath.EvalSymlinks(path); err == nil {
			g.Expect(target+"/").To(HavePrefix(inside+"/"), path)
		}
		return nil
	})).To(Succeed())
}

// packed is a tar of entries, to be changed by fuzzing.
func packed(entries ...entry) []byte {
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	for _, e := range entries {
		header := &tar.Header{Typeflag: e.kind, Name: e.name, Linkname: e.text, Mode: 0o4755}
		if e.kind == tar.TypeReg {
			header.Linkname, header.Size = "", int64(len(e.text))
		}
		_ = w.WriteHeader(header)
		_, _ = w.Write([]byte(e.text)) // of a link there is nothing to write
	}
	_ = w.Close()
	return text.Bytes()
}

// boundFiles has no file grow over 1 MiB: a tar of a few bytes may say that it holds
// terabytes of nothing.
func boundFiles(g Gomega) {
	signal.Ignore(syscall.SIGXFSZ)
	g.Expect(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: math.MaxUint64})).To(Succeed())
}

// around is what there is beside the destination, with modes, times and links.
func around(g Gomega, outside string) map[string]string {
	entries, err := os.ReadDir(outside)
	g.Expect(err).NotTo(HaveOccurred())
	found := map[string]string{}
	for _, e := range entries {
		info, err := e.Info()
		g.Expect(err).NotTo(HaveOccurred())
		if e.Name() == "inside" {
			found[e.Name()] = "the destination"
			continue
		}
		stat := info.Sys().(*syscall.Stat_t)
		found[e.Name()] = info.Mode().String() + info.ModTime().String() + string(rune('0'+stat.Nlink))
	}
	return found
}
