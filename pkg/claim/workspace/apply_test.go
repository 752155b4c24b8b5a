package workspace_test

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// steady is a project in which nothing has changed.
func steady(outside string) {
	put(outside, "a", "one")
	put(outside, "d/b", "two")
	put(outside, "d/e/c", "three")
	put(outside, "run", "#!/bin/sh")
	Expect(os.Symlink("a", filepath.Join(outside, "link"))).To(Succeed())
	put(outside, ".gitignore", "*.log\n")
}

func link(dir, name, target string) {
	GinkgoHelper()
	remove(dir, name)
	Expect(os.Symlink(target, filepath.Join(dir, name))).To(Succeed())
}

func mode(dir, name string, mode os.FileMode) {
	GinkgoHelper()
	Expect(os.Chmod(filepath.Join(dir, name), mode)).To(Succeed())
}

// difference is what has gone ("-") and come ("+") between two trees.
func difference(before, after []string) []string {
	lines, had := []string{}, map[string]bool{}
	for _, line := range before {
		had[line] = true
	}
	for _, line := range after {
		if !had[line] {
			lines = append(lines, "+"+line)
		}
		delete(had, line)
	}
	for _, line := range before {
		if had[line] {
			lines = append(lines, "-"+line)
		}
	}
	return lines
}

var _ = Describe("Bringing changes back", func() {
	DescribeTable("does to the project", func(ctx SpecContext, change func(inside, outside string), changes, says []string) {
		p := copied(ctx, steady)
		original := tree(p.outside)
		change(p.inside, p.outside)
		report := p.back(ctx)
		Expect(difference(original, tree(p.outside))).To(ConsistOf(changes))
		lines := strings.Split(strings.TrimSpace(report.String()), "\n")
		Expect(lines[1:]).To(ConsistOf(says))

		By("and nothing more the second time")
		after := tree(p.outside)
		again := p.back(ctx)
		Expect(tree(p.outside)).To(Equal(after))
		Expect(again.Conflicts).To(Equal(report.Conflicts))
		Expect(again.Kept).To(Equal(report.Kept))
		Expect(again.Refused).To(Equal(report.Refused))
	},
		Entry("nothing, when nothing changed", func(string, string) {}, []string{}, []string{}),
		Entry("an added file in an added directory", func(inside, _ string) { put(inside, "n/m", "new") },
			[]string{"+755 n/", "+644 n/m new"}, []string{}),
		Entry("a modified file", func(inside, _ string) { put(inside, "d/b", "TWO") },
			[]string{"-644 d/b two", "+644 d/b TWO"}, []string{}),
		Entry("a deleted file and directory", func(inside, _ string) { remove(inside, "d/e"); remove(inside, "a") },
			[]string{"-755 d/e/", "-644 d/e/c three", "-644 a one"}, []string{}),
		Entry("other permissions", func(inside, _ string) { mode(inside, "run", 0o755); mode(inside, "d/e", 0o700) },
			[]string{"-644 run #!/bin/sh", "+755 run #!/bin/sh", "-755 d/e/", "+700 d/e/"}, []string{}),
		Entry("an added directory that nothing may be written in, but by its owner", func(inside, _ string) {
			put(inside, "n/m", "new")
			mode(inside, "n", 0o500)
			DeferCleanup(mode, inside, "n", os.FileMode(0o700)) // for its removal
		}, []string{"+700 n/", "+644 n/m new"}, []string{}),
		Entry("a link to another place", func(inside, _ string) { link(inside, "link", "d/b") },
			[]string{"-link -> a", "+link -> d/b"}, []string{}),
		Entry("nothing that is ignored, by new rules too", func(inside, _ string) {
			put(inside, "x.log", "")
			put(inside, ".halignore", "cache\n")
			put(inside, "cache/y", "")
		}, []string{"+644 .halignore cache\n"}, []string{}),
		Entry("a file in place of a directory", func(inside, _ string) { remove(inside, "d"); put(inside, "d", "file") },
			[]string{"-755 d/", "-644 d/b two", "-755 d/e/", "-644 d/e/c three", "+644 d file"}, []string{}),
		Entry("a directory in place of a file", func(inside, _ string) { remove(inside, "a"); put(inside, "a/x", "in it") },
			[]string{"-644 a one", "+755 a/", "+644 a/x in it"}, []string{}),
		Entry("a directory in place of a link", func(inside, _ string) { remove(inside, "link"); put(inside, "link/x", "in it") },
			[]string{"-link -> a", "+755 link/", "+644 link/x in it"}, []string{}),
		Entry("nothing for a file that was only written again", func(inside, _ string) { put(inside, "a", "one") },
			[]string{}, []string{}),

		Entry("a conflict copy, when both changed", func(inside, outside string) { put(inside, "a", "theirs"); put(outside, "a", "mine") },
			[]string{"-644 a one", "+644 a mine", "+644 a.hal-conflict-c1 theirs"},
			[]string{"conflict: a: it changed outside too: the worker's version is a.hal-conflict-c1"}),
		Entry("no conflict, when both changed alike", func(inside, outside string) { put(inside, "a", "same"); put(outside, "a", "same") },
			[]string{"-644 a one", "+644 a same"}, []string{}),
		Entry("a conflict copy, when both added", func(inside, outside string) { put(inside, "n", "theirs"); put(outside, "n", "mine") },
			[]string{"+644 n mine", "+644 n.hal-conflict-c1 theirs"},
			[]string{"conflict: n: it changed outside too: the worker's version is n.hal-conflict-c1"}),
		Entry("a conflict copy of what was deleted outside", func(inside, outside string) { put(inside, "a", "theirs"); remove(outside, "a") },
			[]string{"-644 a one", "+644 a.hal-conflict-c1 theirs"},
			[]string{"conflict: a: it was deleted outside: the worker's version is a.hal-conflict-c1"}),
		Entry("no deletion of what changed outside", func(inside, outside string) { remove(inside, "d"); put(outside, "d/b", "mine") },
			[]string{"-644 d/b two", "+644 d/b mine", "-755 d/e/", "-644 d/e/c three"},
			[]string{"kept: d/b: the worker deleted it, but it changed outside"}),
		Entry("no deletion of a directory with something new in it", func(inside, outside string) { remove(inside, "d/e"); put(outside, "d/e/n", "mine") },
			[]string{"-644 d/e/c three", "+644 d/e/n mine"}, []string{}),
		Entry("a conflict copy, when a directory cannot make way", func(inside, outside string) {
			remove(inside, "d/e")
			put(inside, "d/e", "file")
			put(outside, "d/e/n", "mine")
		}, []string{"-644 d/e/c three", "+644 d/e/n mine", "+644 d/e.hal-conflict-c1 file"},
			[]string{"conflict: d/e: it is a directory outside, with something else in it: the worker's version is d/e.hal-conflict-c1"}),
		Entry("a directory beside a file that changed outside", func(inside, outside string) {
			remove(inside, "a")
			put(inside, "a/x", "theirs")
			put(outside, "a", "mine")
		}, []string{"-644 a one", "+644 a mine", "+755 a.hal-conflict-c1/", "+644 a.hal-conflict-c1/x theirs"},
			[]string{
				"conflict: a: it is no directory any more outside: the worker's version is a.hal-conflict-c1",
				"conflict: a/x: its directory is none any more outside: the worker's version is a.hal-conflict-c1/x",
			}),
		Entry("nothing through a link that the person put there", func(inside, outside string) {
			put(inside, "d/b", "theirs")
			link(outside, "d", "/tmp")
		}, []string{"-755 d/", "-644 d/b two", "-755 d/e/", "-644 d/e/c three", "+d -> /tmp", "+755 d.hal-conflict-c1/", "+644 d.hal-conflict-c1/b theirs"},
			[]string{"conflict: d/b: its directory is none any more outside: the worker's version is d.hal-conflict-c1/b"}),
		Entry("the permissions that only the person changed", func(inside, outside string) { put(inside, "run", "new"); mode(outside, "run", 0o700) },
			[]string{"-644 run #!/bin/sh", "+700 run new"}, []string{}),
		Entry("no permissions that both changed", func(inside, outside string) { mode(inside, "run", 0o755); mode(outside, "run", 0o700) },
			[]string{"-644 run #!/bin/sh", "+700 run #!/bin/sh"}, []string{"kept: run: its permissions changed on both sides"}),
		Entry("what was given, though new rules ignore it", func(inside, _ string) {
			put(inside, ".halignore", "a\n")
			put(inside, "a", "new")
		}, []string{"+644 .halignore a\n", "-644 a one", "+644 a new"}, []string{}),
		Entry("no conflict for a file that the worker only touched", func(inside, outside string) { put(inside, "a", "one"); put(outside, "a", "mine") },
			[]string{"-644 a one", "+644 a mine"}, []string{}),
		Entry("both names of a file with two", func(inside, _ string) {
			put(inside, "n", "new")
			Expect(os.Link(filepath.Join(inside, "n"), filepath.Join(inside, "m"))).To(Succeed())
		}, []string{"+644 m new", "+644 n new"}, []string{}),
		Entry("no deletion through a link that the person put there", func(inside, outside string) {
			remove(inside, "d/b")
			Expect(os.Rename(filepath.Join(outside, "d"), filepath.Join(outside, "d2"))).To(Succeed())
			link(outside, "d", "d2")
		}, []string{"-755 d/", "-644 d/b two", "-755 d/e/", "-644 d/e/c three", "+d -> d2", "+755 d2/", "+644 d2/b two", "+755 d2/e/", "+644 d2/e/c three"},
			[]string{}),
		Entry("a worker's change where the person only touched the file", func(inside, outside string) { put(inside, "a", "new"); put(outside, "a", "one") },
			[]string{"-644 a one", "+644 a new"}, []string{}),
	)

	It("keeps the time of a file, and the owner of what was there", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.inside, "n", "new") // of long ago
		if os.Geteuid() == 0 {
			Expect(os.Chown(p.outside, 1234, 1234)).To(Succeed())
		}
		p.back(ctx)
		info, err := os.Stat(filepath.Join(p.outside, "n"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ModTime()).To(BeTemporally("==", long))
		if os.Geteuid() == 0 {
			Expect(owner(info)).To(Equal(1234))
		}
	})

	It("does not take a file for unchanged by a time that is as new as the copy", func(ctx SpecContext) {
		now := time.Now()
		p := copied(ctx, func(outside string) {
			put(outside, "a", "one")
			Expect(os.Chtimes(filepath.Join(outside, "a"), now, now)).To(Succeed())
		})
		for dir, text := range map[string]string{p.outside: "mine", p.inside: "hers"} {
			put(dir, "a", text[:3])
			Expect(os.Chtimes(filepath.Join(dir, "a"), now, now)).To(Succeed())
		}
		p.back(ctx)
		Expect(tree(p.outside)).To(Equal([]string{"644 a min", "644 a.hal-conflict-c1 her"}))
	})

	It("keeps a second version beside the first one", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.outside, "a", "mine")
		put(p.inside, "a", "theirs")
		p.back(ctx)
		put(p.inside, "a", "theirs, later")
		report := p.back(ctx)
		Expect(report.Conflicts).To(HaveExactElements(HaveField("Copy", workspace.Name("a.hal-conflict-c1-2"))))
		Expect(tree(p.outside)).To(ContainElements("644 a mine", "644 a.hal-conflict-c1 theirs", "644 a.hal-conflict-c1-2 theirs, later"))
	})

	It("shortens a name that would be too long with its suffix", func(ctx SpecContext) {
		name := strings.Repeat("é", 127)
		p := copied(ctx, func(outside string) { put(outside, name, "one") })
		put(p.outside, name, "mine")
		put(p.inside, name, "theirs")
		Expect(p.back(ctx).Conflicts).To(HaveLen(1))
		Expect(tree(p.outside)).To(ContainElement(HaveSuffix(".hal-conflict-c1 theirs")))
	})

	It("sends no content of files that did not change", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.inside, "a", "new")
		shell := &here{}
		p.worker.Shell = shell
		Expect(p.back(ctx).Unchanged).To(Equal(7))
		Expect(shell.packed).To(Equal([]string{".gitignore", "a"}))
	})

	It("takes away what an earlier, interrupted run left", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.outside, ".hal-partial-c1", "half")
		put(p.inside, "a", "new")
		p.back(ctx)
		Expect(tree(p.outside)).NotTo(ContainElement(ContainSubstring("partial")))
	})

	It("says what it could not write, and does the rest", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.inside, "a", "new")
		put(p.inside, ".hal-partial-c1", "in the way")
		report := p.back(ctx)
		Expect(report.Left()).To(Equal([]workspace.Name{".hal-partial-c1"}))
		Expect(tree(p.outside)).To(ContainElement("644 a new"))
	})
})
