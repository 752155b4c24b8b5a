package workspace_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"hal-controller/pkg/claim/workspace"
)

// rulesOf takes pairs of a file and its text.
func rulesOf(files ...string) *workspace.Rules {
	rules := &workspace.Rules{}
	for i := 0; i < len(files); i += 2 {
		rules.Add(workspace.Name(files[i]), files[i+1])
	}
	return rules
}

// hidden is what a sieve hides of paths; those of directories end in a slash.
func hidden(rules *workspace.Rules, paths ...string) []string {
	found, hides := []string{}, rules.Hides()
	slices.Sort(paths)
	for _, p := range paths {
		name, dir := strings.CutSuffix(p, "/")
		if hides(workspace.Name(name), dir) {
			found = append(found, p)
		}
	}
	return found
}

var _ = Describe("Rules", func() {
	DescribeTable("a line of a .gitignore", func(line string, ignored, not []string) {
		Expect(hidden(rulesOf(".gitignore", line+"\n"), slices.Concat(ignored, not)...)).To(ConsistOf(ignored))
	},
		Entry("a name anywhere", "*.log", []string{"a.log", "d/b.log"}, []string{"d/", "log", "a.log2"}),
		Entry("from the root", "/build", []string{"build/", "build/x"}, []string{"d/", "d/build"}),
		Entry("a directory only", "out/", []string{"out/", "out/x"}, []string{"d/", "d/out"}),
		Entry("with a slash inside", "a/*.o", []string{"a/x.o"}, []string{"a/", "a/b/", "a/b/x.o"}),
		Entry("any directories", "a/**/z", []string{"a/z", "a/b/z"}, []string{"a/", "a/b/", "z"}),
		Entry("all in a directory, not itself", "a/**", []string{"a/x", "a/b/"}, []string{"a/"}),
		Entry("a comment", "#x", []string{}, []string{"#x"}),
		Entry("no comment", `\#x`, []string{"#x"}, []string{"x"}),
		Entry("spaces at the end", "x  ", []string{"x"}, []string{"x  "}),
		Entry("a space kept", `x\ `, []string{"x "}, []string{"x"}),
		Entry("a class", "[!a-c]x", []string{"dx"}, []string{"ax"}),
		Entry("a named class", "[[:digit:]_]x", []string{"1x", "_x"}, []string{"ax"}),
		Entry("a bracket in a class", "[]x]", []string{"]", "x"}, []string{"a"}),
		Entry("braces, which mean nothing", "{a,b}", []string{"{a,b}"}, []string{"a"}),
		Entry("no pattern", "[a", []string{}, []string{"a", "[a"}),
		Entry("a CR at the end", "x\r", []string{"x"}, []string{"y"}),
	)

	It("lets the last matching line decide, and the nearest file", func() {
		rules := rulesOf(".gitignore", "*.log\n!keep.log\n", "d/.gitignore", "!*.log\nkeep.log\n")
		Expect(hidden(rules, "a.log", "keep.log", "d/", "d/a.log", "d/keep.log")).To(Equal([]string{"a.log", "d/keep.log"}))
	})

	It("brings nothing back out of an ignored directory", func() {
		Expect(hidden(rulesOf(".gitignore", "d\n!d/x\n"), "d/", "d/x")).To(Equal([]string{"d/", "d/x"}))
	})

	It("asks .git/info/exclude last", func() {
		rules := rulesOf(".git/info/exclude", "a\nb\n", ".gitignore", "!b\n")
		Expect(hidden(rules, "a", "b")).To(Equal([]string{"a"}))
	})

	It("asks .halignore first", func() {
		rules := rulesOf(".gitignore", "a\n", ".halignore", "!a\nb\n.git\n")
		Expect(hidden(rules, "a", "b", ".git/", ".git/HEAD")).To(ConsistOf("b", ".git/", ".git/HEAD"))
	})

	It("takes nothing out of git's own directory", func() {
		rules := rulesOf(".gitignore", "logs\nHEAD\n.git\n", ".halignore", "logs\n")
		Expect(hidden(rules, ".git/", ".git/logs/", ".git/HEAD", "sub/", "sub/.git/", "sub/.git/logs/", "logs")).To(Equal([]string{"logs"}))
	})

	It("obeys so many patterns and no more, as they may be a worker's", func() {
		rules := rulesOf(".gitignore", strings.Repeat("x\n", workspace.MaxPatterns), "d/.gitignore", "y\n")
		Expect(rules.Capped()).To(BeTrue())
		Expect(hidden(rules, "x", "d/", "d/y")).To(Equal([]string{"x"}))
	})
})

// TestRulesAgreeWithGit compares random rules with what git makes of them.
func TestRulesAgreeWithGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to compare with")
	}
	name := rapid.SampledFrom([]string{"a", "b", "ab", "a.b", "A", "{a}", "1"})
	files := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(name, 1, 4).Draw(t, "names"), "/")
	}), 1, 12)
	part := rapid.SampledFrom([]string{"a", "b", "*", "**", "?", "a*", "*b", "[ab]", "[!a]", "[[:alpha:]]", "*.*", "{a}", "a**b", "[^]a]", `\a`, "**a"})
	line := rapid.Custom(func(t *rapid.T) string {
		parts := strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "parts"), "/")
		return rapid.SampledFrom([]string{"", "", "!"}).Draw(t, "not") + rapid.SampledFrom([]string{"", "", "/"}).Draw(t, "root") +
			parts + rapid.SampledFrom([]string{"", "", "/", " "}).Draw(t, "end")
	})
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(line, 1, 5).Draw(t, "lines"), "\n") + "\n"
	})
	base := t.TempDir()
	worlds := 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		dir := filepath.Join(base, fmt.Sprint(worlds))
		defer os.RemoveAll(dir)
		write := func(name, text string) {
			file := filepath.Join(dir, name)
			if os.MkdirAll(filepath.Dir(file), 0o755) == nil {
				_ = os.WriteFile(file, []byte(text), 0o644) // or there is a directory of that name
			}
		}
		for _, f := range files.Draw(t, "files") {
			write(f, "x")
		}
		rules := map[string]string{".gitignore": text.Draw(t, "root"), "a/.gitignore": text.Draw(t, "a")}
		if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
			t.Fatalf("git init: %s", out)
		}
		for name, text := range rules {
			write(name, text)
		}
		out, err := exec.Command("git", "-C", dir, "ls-files", "-z", "-o", "--exclude-standard").Output()
		if err != nil {
			t.Fatalf("git ls-files: %v", err)
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		var got []string
		for _, e := range sent(t, dir).Entries {
			if e.Kind == workspace.KindFile && !workspace.InGit(string(e.Path)) {
				got = append(got, string(e.Path))
			}
		}
		slices.Sort(want)
		if !slices.Equal(slices.DeleteFunc(want, func(s string) bool { return s == "" }), got) {
			t.Fatalf("with %q\ngit: %q\nwe:  %q", rules, want, got)
		}
	})
}
