package profile

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Finding profiles", func() {
	var shipped, mine string
	add := func(dir, name, dockerfile string) {
		GinkgoHelper()
		put(Profile{Name: name, Parent: dir}, "Dockerfile", dockerfile)
	}
	BeforeEach(func() { shipped, mine = GinkgoT().TempDir(), GinkgoT().TempDir() })

	It("takes the directories that have a Dockerfile, by name", func() {
		add(shipped, "python", "")
		add(shipped, "go", "")
		add(shipped, ".git", "")
		Expect(os.Mkdir(filepath.Join(shipped, "common"), 0o755)).To(Succeed())
		put(Profile{Parent: shipped}, "README.md", "")
		Expect(Find([]string{shipped})).To(Equal([]Profile{{Name: "go", Parent: shipped}, {Name: "python", Parent: shipped}}))
	})

	It("prefers a later directory's profile, and says so", func() {
		add(shipped, "go", "")
		add(mine, "go", "")
		Expect(Find([]string{shipped, mine})).To(Equal([]Profile{
			{Name: "go", Parent: mine, Replaces: filepath.Join(shipped, "go")},
		}))
		Expect(Find([]string{mine, mine})).To(Equal([]Profile{{Name: "go", Parent: mine}}))
	})

	It("says which directory cannot be read", func() {
		_, err := Find([]string{filepath.Join(mine, "none")})
		Expect(err).To(MatchError(And(ContainSubstring("look for profiles"), ContainSubstring("none"))))
	})

	Describe("in order", func() {
		order := func(names ...string) (string, error) {
			var profiles []Profile
			for _, name := range names {
				profiles = append(profiles, Profile{Name: name, Parent: shipped})
			}
			ordered, err := Order(profiles)
			var got []string
			for _, p := range ordered {
				got = append(got, p.Name)
			}
			return strings.Join(got, " "), err
		}

		It("puts a profile behind the one that it builds on", func() {
			add(shipped, "a", "FROM hal/worker-c:latest\n")
			add(shipped, "b", "FROM hal/worker\n")
			add(shipped, "c", "FROM hal/worker\n")
			add(shipped, "d", "FROM nothing\n")
			Expect(order("a", "b", "c", "d")).To(Equal("c a b d"))
			Expect(order("a", "b")).To(Equal("a b"), "what is not asked for is not added")
		})

		It("refuses profiles that build on each other, or on themselves", func() {
			add(shipped, "a", "FROM hal/worker-b\n")
			add(shipped, "b", "FROM hal/worker-a\n")
			add(shipped, "c", "FROM hal/worker-c\n")
			for _, names := range [][]string{{"a", "b"}, {"c"}} {
				_, err := order(names...)
				Expect(err).To(MatchError(ContainSubstring("builds on itself")))
			}
		})
	})
})

var _ = DescribeTable("The name of a profile",
	func(name, problem string) {
		if problem == "" {
			Expect(CheckName(name)).To(Succeed())
			return
		}
		Expect(CheckName(name)).To(MatchError(ContainSubstring(problem)))
	},
	Entry("is a DNS label", "rust-1", ""),
	Entry("has no capitals", "Rust", "small letters"),
	Entry("has no underscore", "my_tools", "small letters"),
	Entry("is not empty", "", "small letters"),
	Entry("does not end with a dash", "a-", "small letters"),
	Entry("has at most 63 characters", strings.Repeat("x", 64), "at most 63"),
	Entry("is none of hal's own", "minimal", "an image of hal's own"),
	Entry("is none of hal's own", "ultramin", "an image of hal's own"),
)
