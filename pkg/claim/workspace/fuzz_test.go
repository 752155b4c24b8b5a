package workspace_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// FuzzApply looks for listings and tars of a worker that make bringing them back
// panic, that write, change or link to anything outside of the project, or that write
// more than the limit.
func FuzzApply(f *testing.F) {
	const most = 1 << 20
	root := "d 755 0 1577934245.5 9 \x00\x00"
	reg := byte(tar.TypeReg)
	f.Add([]byte(root+"f 644 4 1577934245.5 9 a\x00\x00"), reg, "a", "text", int64(0), reg, "b", "x")
	f.Add([]byte(root+"l 644 1 1577934245.5 9 up\x00..\x00f 644 1 1577934245.5 9 up/evil\x00\x00"), reg, "up/evil", "x", int64(0), reg, "up", "x")
	f.Add([]byte(root+"f 644 1 1577934245.5 9 ../evil\x00\x00f 644 1 1577934245.5 9 /evil\x00\x00"), reg, "../evil", "x", int64(0), reg, "/evil", "x")
	f.Add([]byte(root+"l 644 1 1577934245.5 9 d\x00e/../../..\x00d 755 0 1577934245.5 9 e\x00\x00"), byte(tar.TypeSymlink), "d", "..", int64(0), reg, "d/evil", "x")
	f.Add([]byte(root+"f 6755 999999999999 1577934245.5 9 big\x00\x00"), reg, "big", "x", int64(1<<40), reg, "a", "x")
	f.Add([]byte(root+"c 644 0 1.5 9 device\x00\x00f 644 9 1.5 9 .git/config\x00\x00"), byte(tar.TypeChar), "device", "", int64(0), reg, ".git/config", "[core]")
	f.Add([]byte(root+"f 644 1 1.5 9 mine\x00\x00d 0 0 1.5 9 d\x00\x00f 644 1 1.5 9 d/x\x00\x00"), byte(tar.TypeLink), "mine", "/etc/passwd", int64(0), reg, "d/x", "x")
	f.Fuzz(func(t *testing.T, list []byte, kind1 byte, name1, text1 string, size int64, kind2 byte, name2, text2 string) {
		archive := packed(tar.Header{Typeflag: kind1, Name: name1, Linkname: text1, Size: size, Mode: 0o6755}, text1, tar.Header{Typeflag: kind2, Name: name2, Linkname: text2}, text2)
		g := NewWithT(t)
		outside := t.TempDir()
		g.Expect(os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600)).To(Succeed())
		project := filepath.Join(outside, "project")
		g.Expect(os.MkdirAll(filepath.Join(project, "d"), 0o755)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(project, "mine"), []byte("mine"), 0o644)).To(Succeed())
		root, err := os.OpenRoot(project)
		g.Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		o := workspace.Options{Claim: "c1", UID: os.Getuid(), GID: os.Getgid(), MaxBytes: most, MaxEntries: 1000}
		survey, err := workspace.ParseSurvey(t.Context(), bytes.NewReader(list), o)
		if err != nil {
			return
		}
		g.Expect(len(survey.Entries)).To(BeNumerically("<=", 1000))
		set, err := workspace.Changes(t.Context(), workspace.Manifest{}, survey, &workspace.Rules{}, o)
		g.Expect(err).NotTo(HaveOccurred())
		report, _ := workspace.Apply(t.Context(), root, workspace.Manifest{}, set, bytes.NewReader(archive), o)
		g.Expect(report.String()).NotTo(MatchRegexp(`[\x00-\x09\x0b-\x1f\x7f]`), "a report moves no cursor")
		entries, err := os.ReadDir(outside)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(entries).To(HaveLen(2), "beside the project")
		g.Expect(os.ReadFile(filepath.Join(outside, "secret"))).To(BeEquivalentTo("secret"))
		g.Expect(os.ReadFile(filepath.Join(project, "mine"))).To(BeEquivalentTo("mine"), "the worker was not given it")
		g.Expect(sizeOf(g, project)).To(BeNumerically("<", 3*most))
	})
}

// sizeOf is the bytes of all files, each of which is to be one, or a directory, or a
// link that leads to a place in the project.
func sizeOf(g Gomega, project string) (size int64) {
	g.Expect(filepath.WalkDir(project, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a directory that may not be read, as the worker said
		}
		g.Expect(d.Type()&^(os.ModeDir|os.ModeSymlink)).To(BeZero(), path)
		if target, err := filepath.EvalSymlinks(path); err == nil {
			g.Expect(target+"/").To(HavePrefix(project+"/"), path)
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})).To(Succeed())
	return size
}

// packed is a tar of headers and their contents, to be changed by fuzzing.
func packed(entries ...any) []byte {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		h, text := entries[i].(tar.Header), entries[i+1].(string)
		if h.Typeflag == tar.TypeReg {
			h.Linkname = ""
			h.Size = max(h.Size, int64(len(text)))
		}
		_ = archive.WriteHeader(&h)
		_, _ = archive.Write([]byte(text))
	}
	_ = archive.Close() // one of them breaks off
	return buffer.Bytes()
}
