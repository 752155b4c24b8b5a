package project_test

import (
	"strings"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/project"
	"hal-controller/pkg/spec"
)

// pools makes some of "NAME=IMAGE".
func pools(words ...string) []spec.Pool {
	var all []spec.Pool
	for _, word := range words {
		name, image, _ := strings.Cut(word, "=")
		p := spec.Pool{Metadata: spec.Metadata{Name: name}}
		p.Spec.Workers.Template.Image = image
		all = append(all, p)
	}
	return all
}

// files are the signs of a directory with these files.
func files(names ...string) []project.Sign {
	GinkgoHelper()
	dir := fstest.MapFS{}
	for _, name := range names {
		dir[name] = &fstest.MapFile{}
	}
	found, err := project.Evidence(dir)
	Expect(err).NotTo(HaveOccurred())
	return found
}

var _ = Describe("Evidence", func() {
	DescribeTable("takes a build file for a profile",
		func(file, profile string) {
			Expect(files("README.md", file)).To(Equal([]project.Sign{{File: file, Profile: profile}}))
		},
		Entry(nil, "pom.xml", "java"),
		Entry(nil, "build.gradle", "java"),
		Entry(nil, "build.gradle.kts", "java"),
		Entry(nil, "pyproject.toml", "python"),
		Entry(nil, "requirements.txt", "python"),
		Entry(nil, "Pipfile", "python"),
		Entry(nil, "package.json", "node"),
		Entry(nil, "go.mod", "go"),
	)
	It("has the strongest first", func() {
		var profiles []string
		for _, sign := range files("go.mod", "package.json", "Pipfile", "pom.xml") {
			profiles = append(profiles, sign.Profile)
		}
		Expect(profiles).To(Equal([]string{"java", "python", "node", "go"}))
	})
	It("takes no directory for a build file", func() {
		Expect(files("go.mod/x")).To(BeEmpty())
	})
})

var _ = Describe("Choose", func() {
	dev, java, golang := "dev=hal/worker", "j=hal/worker-java:1", "g=localhost/x/hal-go"
	said := func(s project.Settings) project.Wish {
		s.File = "shop/.hal.yaml"
		return project.Wish{Said: s}
	}

	DescribeTable("finds a pool, and says why",
		func(all []spec.Pool, w project.Wish, pool, why string) {
			choice, err := project.Choose(all, w)
			Expect(err).NotTo(HaveOccurred())
			Expect(choice.Pool.Metadata.Name).To(Equal(pool))
			Expect(choice.Why).To(Equal(why))
		},
		Entry("that a person names, whatever the project says", pools(dev, java),
			project.Wish{Pool: "dev", Said: project.Settings{Pool: "j"}}, "dev", "the one you named"),
		Entry("that the project names", pools(dev, java), said(project.Settings{Pool: "j"}), "j", "as .hal.yaml says"),
		Entry("of the profile that the project names", pools(dev, java), said(project.Settings{Profile: "java"}),
			"j", "for .hal.yaml says profile java: its workers have hal/worker-java"),
		Entry("by the image of its workers, with a tag", pools(dev, java), project.Wish{Signs: files("pom.xml")},
			"j", "for pom.xml: its workers have hal/worker-java"),
		Entry("by a digest", pools(dev, "d=hal/worker-go@sha256:"+strings.Repeat("0", 64)), project.Wish{Signs: files("go.mod")},
			"d", "for go.mod: its workers have hal/worker-go"),
		Entry("by its name, where no workers have the image", pools(dev, "go=example/go"), project.Wish{Signs: files("go.mod")},
			"go", "for go.mod"),
		Entry("by its name, of several with the image", pools("a=hal/worker-go", "go=hal/worker-go"), project.Wish{Signs: files("go.mod")},
			"go", "for go.mod"),
		Entry("of a weaker sign, where there is none of the stronger", pools(dev, "n=hal/worker-node"),
			project.Wish{Signs: files("pom.xml", "package.json")}, "n", "for package.json: its workers have hal/worker-node"),
		Entry("that is the only one", pools(golang), project.Wish{Signs: files("pom.xml")}, "g", "the only one"),
		Entry("without a profile", pools("x=hal/worker", java), project.Wish{}, "x", "its workers have hal/worker"),
		Entry("named dev, of several without a profile", pools("x=hal/worker", dev), project.Wish{}, "dev", "the usual one of several"),
	)

	DescribeTable("says what is missing, and which pools there are",
		func(all []spec.Pool, w project.Wish, message string) {
			_, err := project.Choose(all, w)
			Expect(err).To(MatchError(message))
		},
		Entry("no such pool", pools(dev, java), project.Wish{Pool: "deb"}, `no pool "deb" (did you mean "dev"?); choose one of dev, j with --pool`),
		Entry("no such pool as the project says", pools(dev), said(project.Settings{Pool: "x"}), `shop/.hal.yaml: pool: no pool "x"; choose one of dev with --pool`),
		Entry("no pool of the profile that the project says", pools(dev), said(project.Settings{Profile: "rust"}),
			"shop/.hal.yaml: profile: no pool has workers of hal/worker-rust, or is named rust; choose one of dev with --pool"),
		Entry("several of the profile", pools("a=hal/worker-go", "b=hal/worker-go", dev), project.Wish{Signs: files("go.mod")},
			"the workers of several pools have hal/worker-go: choose one of a, b with --pool"),
		Entry("several, and nothing to tell them apart", pools("a=x", "b=y"), project.Wish{}, "nothing says which pool to take; choose one of a, b with --pool"),
		Entry("none", nil, project.Wish{}, "nothing says which pool to take; there are no pools: 'hal apply -f pool.yaml' makes one"),
	)

	It("takes none that is on its way out", func() {
		all := pools(dev, java)
		all[0].Status = &spec.PoolStatus{Conditions: []spec.Condition{{Type: spec.ConditionProgressing, Reason: spec.ReasonDraining}}}
		choice, err := project.Choose(all, project.Wish{})
		Expect(err).NotTo(HaveOccurred())
		Expect(choice.Pool.Metadata.Name).To(Equal("j"))
		Expect(all).To(HaveLen(2), "what is given stays as it is")
		Expect(all[0].Metadata.Name).To(Equal("dev"))
	})
})

var _ = Describe("KeepsLogin", func() {
	keeping := pools("a=x", "b=x")
	keeping[1].Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "home", Target: project.ClaudeHome, Scope: spec.ScopeUser}}

	It("finds the first pool that keeps a login, or the one that is named", func() {
		for _, name := range []string{"", "b"} {
			p, err := project.KeepsLogin(keeping, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(p.Metadata.Name).To(Equal("b"))
		}
	})
	It("says how to make one that does", func() {
		_, err := project.KeepsLogin(pools("a=x"), "")
		Expect(err).To(MatchError(And(HavePrefix("no pool has a place for a login: "), ContainSubstring("{name: claude-home, target: /home/claude/.claude, scope: user}"))))
		_, err = project.KeepsLogin(keeping, "a")
		Expect(err).To(MatchError(HavePrefix(`the workers of pool "a" forget a login: `)))
	})
	It("takes a volume that all share for none", func() {
		shared := pools("a=x")
		shared[0].Spec.Workers.Template.Volumes = []spec.VolumeMount{{Name: "home", Target: project.ClaudeHome, Scope: spec.ScopePool}}
		_, err := project.KeepsLogin(shared, "")
		Expect(err).To(HaveOccurred())
	})
})
