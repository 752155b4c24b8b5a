package workspace_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"hal-controller/pkg/claim/workspace"
)

// edit is a change of a tree: one path gets another content, or kind, or goes.
type edit struct{ Path, Do string }

var edits = rapid.Custom(func(t *rapid.T) edit {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "odd\n\xff"}), 1, 3)
	return edit{
		Path: strings.Join(names.Draw(t, "path"), "/"),
		Do:   rapid.SampledFrom([]string{"write", "write", "write same size", "remove", "link", "mkdir", "chmod", "touch"}).Draw(t, "do"),
	}
})

// make does an edit as far as it can be done; who makes its contents unlike others'.
func (e edit) make(dir, who string) {
	file := filepath.Join(dir, e.Path)
	if e.Do == "chmod" || e.Do == "touch" {
		if text, err := os.ReadFile(file); err == nil && e.Do == "touch" {
			_ = os.WriteFile(file, text, 0o644)
		} else if err == nil {
			_ = os.Chmod(file, 0o700)
		}
		return
	}
	for parent := filepath.Dir(file); parent != dir; parent = filepath.Dir(parent) {
		if info, err := os.Lstat(parent); err == nil && !info.IsDir() {
			_ = os.Remove(parent)
		}
	}
	_ = os.RemoveAll(file)
	_ = os.MkdirAll(filepath.Dir(file), 0o755)
	switch e.Do {
	case "write":
		_ = os.WriteFile(file, []byte(who+e.Path), 0o644)
	case "write same size":
		_ = os.WriteFile(file, []byte(who[:1]), 0o644)
	case "link":
		_ = os.Symlink(who, file)
	case "mkdir":
		_ = os.Mkdir(file, 0o755)
	}
}

// contents maps the path of each file and link to what it has.
func contents(dir string) map[string]string {
	found := map[string]string{}
	_ = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, file)
		if err == nil && d.Type() == fs.ModeSymlink {
			target, _ := os.Readlink(file)
			found[rel] = "-> " + target
		} else if err == nil && !d.IsDir() {
			text, _ := os.ReadFile(file)
			found[rel] = string(text)
		}
		return err
	})
	return found
}

// TestNothingIsLost makes random trees and random edits on both sides, and looks
// at what each side had.
func TestNothingIsLost(t *testing.T) {
	base, worlds := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		g, ctx := NewWithT(t), context.Background()
		top := filepath.Join(base, fmt.Sprint(worlds))
		defer os.RemoveAll(top)
		outside, inside := filepath.Join(top, "outside"), filepath.Join(top, "inside")
		g.Expect(os.MkdirAll(outside, 0o755)).To(Succeed())
		g.Expect(os.MkdirAll(inside, 0o755)).To(Succeed())
		draw := func(what, dir string) {
			for _, e := range rapid.SliceOfN(edits, 0, 8).Draw(t, what) {
				e.make(dir, what)
			}
		}
		draw("base", outside)
		root, err := os.OpenRoot(outside)
		g.Expect(err).NotTo(HaveOccurred())
		defer root.Close()
		worker := workspace.Worker{Shell: &here{}, Target: inside}
		o := workspace.Options{Claim: "c", UID: os.Getuid(), GID: os.Getgid()}
		manifest, err := workspace.CopyIn(ctx, worker, root, o)
		g.Expect(err).NotTo(HaveOccurred())
		was := contents(outside)
		g.Expect(contents(inside)).To(Equal(was))

		draw("outside", outside)
		draw("inside", inside)
		mine, theirs := contents(outside), contents(inside)
		report, err := workspace.CopyOut(ctx, worker, root, manifest, o)
		g.Expect(err).NotTo(HaveOccurred())
		is := contents(outside)
		g.Expect(report.Refused).To(BeEmpty())

		for path, text := range mine {
			if text != was[path] {
				g.Expect(is).To(HaveKeyWithValue(path, text), "what the person wrote stays: %q", path)
			}
		}
		for path, text := range theirs {
			if text != was[path] {
				g.Expect(versions(is, path)).To(ContainElement(text), "what the worker wrote is there: %q", path)
			}
		}
		for path, text := range was {
			_, kept := theirs[path]
			if !kept && mine[path] == text {
				g.Expect(is[path]).NotTo(Equal(text), "what the worker deleted is gone: %q", path)
			}
			if kept && theirs[path] == text && mine[path] == text {
				g.Expect(is).To(HaveKeyWithValue(path, text), "what nobody changed stays: %q", path)
			}
		}
		for path, text := range is {
			g.Expect([]string{mine[path], theirs[path], theirs[original(path)]}).To(ContainElement(text), "nothing else: %q", path)
		}

		again, err := workspace.CopyOut(ctx, worker, root, manifest, o)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(contents(outside)).To(Equal(is), "the second time changes nothing")
		g.Expect(again.Conflicts).To(Equal(report.Conflicts))
	})
}

// original is the path that a conflict copy is of.
func original(path string) string { return strings.ReplaceAll(path, ".hal-conflict-c", "") }

// versions are the contents of a path and of its conflict copies.
func versions(found map[string]string, path string) []string {
	var list []string
	for name, text := range found {
		if original(name) == path {
			list = append(list, text)
		}
	}
	return slices.Clip(list)
}
