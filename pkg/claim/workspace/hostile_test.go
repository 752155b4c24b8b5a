package workspace_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// listing is what find would say, in the form "f a" or "l a target".
func listing(lines ...string) io.Reader {
	var b strings.Builder
	b.WriteString("d 755 0 1577934245.5 9 \x00\x00")
	for _, line := range lines {
		words := strings.SplitN(line, " ", 3)
		if len(words) < 3 {
			words = append(words, "")
		}
		fmt.Fprintf(&b, "%s 644 1 1577934245.5 9 %s\x00%s\x00", words[0], words[1], words[2])
	}
	return strings.NewReader(b.String())
}

var _ = Describe("A hostile worker", func() {
	// bring applies a listing and a tar to a steady project.
	bring := func(ctx context.Context, p *pair, list, archive io.Reader) (workspace.Report, error) {
		GinkgoHelper()
		survey, err := workspace.ParseSurvey(ctx, list, p.o)
		Expect(err).NotTo(HaveOccurred())
		set, err := workspace.Changes(ctx, p.base, survey, &workspace.Rules{}, p.o)
		Expect(err).NotTo(HaveOccurred())
		set.Delete = nil
		return workspace.Apply(ctx, p.root, p.base, set, archive, p.o)
	}

	DescribeTable("writes nothing outside of the project", func(ctx SpecContext, list []string, header tar.Header) {
		p := copied(ctx, steady)
		before, around := tree(p.outside), tree(filepath.Dir(p.outside))
		_, err := bring(ctx, p, listing(list...), tarOf(header, "x"))
		Expect(err).NotTo(HaveOccurred())
		Expect(difference(before, tree(p.outside))).To(BeEmpty())
		Expect(tree(filepath.Dir(p.outside))).To(Equal(around))
	},
		Entry("by steps up", []string{"f ../evil"}, tar.Header{Name: "../evil"}),
		Entry("by steps up inside of a path", []string{"f d/../../evil"}, tar.Header{Name: "d/../../evil"}),
		Entry("by an absolute path", []string{"f /tmp/evil"}, tar.Header{Name: "/tmp/evil"}),
		Entry("by the path of the project", []string{"f ."}, tar.Header{Name: "."}),
		Entry("by a tar that has more than its listing", nil, tar.Header{Name: "evil"}),
		Entry("by an absolute link", []string{"l evil /etc"}, tar.Header{Name: "evil/passwd"}),
		Entry("by a link up", []string{"l d/evil ../../x"}, tar.Header{Name: "d/evil/x"}),
		Entry("by a link up through another one", []string{"l evil d/e/../../.."}, tar.Header{Name: "evil/x"}),
		Entry("by a link whose steps up may follow another one", []string{"l evil d/e/../b"}, tar.Header{Name: "evil"}),
		Entry("by a link in the tar", []string{"f evil"}, tar.Header{Name: "evil", Typeflag: tar.TypeSymlink, Linkname: "/etc"}),
		Entry("by a hard link", []string{"f evil"}, tar.Header{Name: "evil", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}),
		Entry("by a device", []string{"c evil"}, tar.Header{Name: "evil", Typeflag: tar.TypeChar}),
	)

	It("writes nothing through a link of its own", func(ctx SpecContext) {
		p := copied(ctx, steady)
		report, err := bring(ctx, p, listing("l n d", "f n/b"), tarOf(tar.Header{Name: "n/b"}, "x"))
		Expect(err).NotTo(HaveOccurred())
		Expect(report.Conflicts).To(HaveExactElements(HaveField("Copy", workspace.Name("n.hal-conflict-c1/b"))))
		Expect(tree(p.outside)).To(ContainElements("n -> d", "644 d/b two"))
	})

	It("writes each path once", func(ctx SpecContext) {
		p := copied(ctx, steady)
		_, err := bring(ctx, p, listing("f n", "f n"), tarOf(tar.Header{Name: "n"}, "1", tar.Header{Name: "./n"}, "2"))
		Expect(err).NotTo(HaveOccurred())
		Expect(tree(p.outside)).To(ContainElement("644 n 1"))
	})

	It("gives no file a bit that changes who runs it", func(ctx SpecContext) {
		p := copied(ctx, steady)
		_, err := bring(ctx, p, listing("f n"), tarOf(tar.Header{Name: "n", Mode: 0o6755}, "x"))
		Expect(err).NotTo(HaveOccurred())
		info, err := os.Stat(filepath.Join(p.outside, "n"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode()).To(Equal(os.FileMode(0o755)))
	})

	It("cannot send more than it announced, and what it sent by then is whole", func(ctx SpecContext) {
		p := copied(ctx, steady)
		report, err := bring(ctx, p, listing("f m", "f n"),
			tarOf(tar.Header{Name: "m"}, "x", tar.Header{Name: "n", Size: 1 << 40}, "x"))
		Expect(err).To(MatchError(workspace.ErrTooMuch))
		Expect(report.Added).To(Equal([]workspace.Name{"m"}))
		Expect(tree(p.outside)).NotTo(ContainElement(HavePrefix("644 n")))
	})

	It("cannot send for ever", func(ctx SpecContext) {
		p := copied(ctx, steady)
		var header bytes.Buffer
		Expect(tar.NewWriter(&header).WriteHeader(&tar.Header{Name: "other", Size: 1 << 40})).To(Succeed())
		_, err := bring(ctx, p, listing("f n"), io.MultiReader(&header, zeros{}))
		Expect(err).To(MatchError(workspace.ErrTooMuch))
	})

	It("deletes nothing by a tar that breaks off", func(ctx SpecContext) {
		p := copied(ctx, steady)
		survey, err := workspace.ParseSurvey(ctx, listing("f n"), p.o)
		Expect(err).NotTo(HaveOccurred())
		set, err := workspace.Changes(ctx, p.base, survey, &workspace.Rules{}, p.o)
		Expect(err).NotTo(HaveOccurred())
		Expect(set.Delete).To(HaveLen(8))
		before := tree(p.outside)
		_, err = workspace.Apply(ctx, p.root, p.base, set, tarOf(tar.Header{Name: "n", Size: 1000}, "x"), p.o)
		Expect(err).To(MatchError(io.ErrUnexpectedEOF))
		Expect(tree(p.outside)).To(Equal(before))
	})

	It("cannot bring back more than the limit, and is told what stayed", func(ctx SpecContext) {
		p := copied(ctx, steady)
		p.o.MaxBytes = 10
		put(p.inside, "large", strings.Repeat("x", 11))
		put(p.inside, "small", "x")
		report := p.back(ctx)
		Expect(report.Added).To(Equal([]workspace.Name{"small"}))
		Expect(report.Refused).To(Equal([]workspace.Item{{Path: "large", Why: "it has 11 bytes, and 10 of 10 are left"}}))
	})

	It("cannot have more paths than the limit", func(ctx SpecContext) {
		_, err := workspace.ParseSurvey(ctx, listing("f a", "f b"), workspace.Options{MaxEntries: 1})
		Expect(err).To(MatchError(ContainSubstring("more than 1 files")))
		_, _, err = workspace.SurveyTar(ctx, tarOf(tar.Header{Name: "a"}, "", tar.Header{Name: "b"}, ""), workspace.Options{MaxEntries: 1})
		Expect(err).To(MatchError(ContainSubstring("more than 1 files")))
	})

	DescribeTable("is not believed a listing that is none", func(ctx SpecContext, text string) {
		_, err := workspace.ParseSurvey(ctx, strings.NewReader(text), workspace.Options{})
		Expect(err).To(MatchError(ContainSubstring("read the listing of the workspace")))
	},
		Entry("nothing", ""),
		Entry("cut short", "d 755 0 1.5 9 \x00\x00f 644 0 1."),
		Entry("cut between a path and its target", "d 755 0 1.5 9 \x00\x00f 644 0 1.5 9 a\x00"),
		Entry("no numbers", "d 755 0 1.5 9 \x00\x00f x y z 9 a\x00\x00"),
		Entry("a workspace that cannot be read", "u 755 0 1.5 9 \x00\x00"),
		Entry("an endless path", strings.Repeat("x", 1<<17)),
	)

	It("shows its names in reports as text that moves no cursor", func(ctx SpecContext) {
		p := copied(ctx, steady)
		put(p.inside, "\x1b[2Jn", "theirs")
		put(p.outside, "\x1b[2Jn", "mine")
		report := p.back(ctx)
		Expect(report.String()).To(ContainSubstring(`conflict: "\x1b[2Jn": it changed`))
		Expect(report.String()).NotTo(ContainSubstring("\x1b"))
	})

	It("loses nothing outside by a directory that it hides from itself", func(ctx SpecContext) {
		p := copied(ctx, steady)
		survey, err := workspace.ParseSurvey(ctx, listing("u d"), p.o)
		Expect(err).NotTo(HaveOccurred())
		set, err := workspace.Changes(ctx, p.base, survey, &workspace.Rules{}, p.o)
		Expect(err).NotTo(HaveOccurred())
		Expect(set.Delete).To(HaveEach(HaveField("Path", Not(HavePrefix("d")))))
		Expect(set.Unknown).To(Equal([]workspace.Item{{Path: "d", Why: "the worker may not read it"}}))
	})

	It("loses nothing outside by what is mounted inside", func(ctx SpecContext) {
		p := copied(ctx, steady)
		list := "d 755 0 1.5 9 \x00\x00d 755 0 1.5 10 d\x00\x00"
		survey, err := workspace.ParseSurvey(ctx, strings.NewReader(list), p.o)
		Expect(err).NotTo(HaveOccurred())
		set, err := workspace.Changes(ctx, p.base, survey, &workspace.Rules{}, p.o)
		Expect(err).NotTo(HaveOccurred())
		Expect(set.Delete).To(HaveEach(HaveField("Path", Not(HavePrefix("d")))))
	})

	It("says what is neither file nor directory, and does not take it for a deletion", func(ctx SpecContext) {
		p := copied(ctx, steady)
		remove(p.inside, "a")
		Expect(syscall.Mkfifo(filepath.Join(p.inside, "a"), 0o644)).To(Succeed())
		report := p.back(ctx)
		Expect(report.Refused).To(Equal([]workspace.Item{{Path: "a", Why: "neither a file nor a directory"}}))
		Expect(tree(p.outside)).To(ContainElement("644 a one"))
	})

	It("gives git nothing to obey", func(ctx SpecContext) {
		p := copied(ctx, func(outside string) {
			put(outside, ".git/config", "[core]\n")
			put(outside, ".git/hooks/post-commit", "#!/bin/sh\n")
		})
		put(p.inside, ".git/config", "[core]\nfsmonitor = evil\n")
		put(p.inside, ".git/hooks/pre-commit", "evil")
		put(p.inside, ".git/refs/heads/config", "a branch")
		mode(p.inside, ".git/hooks/post-commit", 0o755)
		report := p.back(ctx)
		Expect(tree(p.outside)).To(ContainElements("644 .git/config [core]\n", "644 .git/hooks/post-commit #!/bin/sh\n",
			"644 .git/hooks/pre-commit.hal-conflict-c1 evil", "644 .git/refs/heads/config a branch"))
		Expect(report.Conflicts).To(HaveLen(2))
		Expect(report.Kept).To(HaveLen(1))
	})

	DescribeTable("what git obeys", func(kind workspace.Kind, name workspace.Name, held bool) {
		Expect(workspace.Held(workspace.Entry{Kind: kind, Path: name})).To(Equal(held))
	},
		Entry("a file of the project", workspace.KindFile, workspace.Name("config"), false),
		Entry("the configuration", workspace.KindFile, workspace.Name(".git/config"), true),
		Entry("that of a submodule", workspace.KindFile, workspace.Name(".git/modules/x/config"), true),
		Entry("that of a repository in the project", workspace.KindFile, workspace.Name("x/.git/config.worktree"), true),
		Entry("in another case", workspace.KindFile, workspace.Name(".GIT/Config"), true),
		Entry("a hook", workspace.KindFile, workspace.Name(".git/hooks/a/b"), true),
		Entry("hooks that are elsewhere", workspace.KindLink, workspace.Name(".git/hooks"), true),
		Entry("a repository that is elsewhere", workspace.KindFile, workspace.Name("x/.git"), true),
		Entry("another common directory", workspace.KindFile, workspace.Name(".git/commondir"), true),
		Entry("an object", workspace.KindFile, workspace.Name(".git/objects/config"), false),
		Entry("the index", workspace.KindFile, workspace.Name(".git/index"), false),
		Entry("the directory of hooks", workspace.KindDir, workspace.Name(".git/hooks"), false),
	)
})

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func owner(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
