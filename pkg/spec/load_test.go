package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

func poolNamed(name string, lines ...string) string {
	return strings.Replace(with(lines...), "name: dev", "name: "+name, 1)
}

func names(objects []spec.Object) []string {
	var found []string
	for _, o := range objects {
		found = append(found, o.Name())
	}
	return found
}

var _ = Describe("LoadPath", func() {
	It("loads a file", func() {
		dir := directory(map[string]string{"pool.txt": smallest})
		objects, problems := spec.LoadPath(filepath.Join(dir, "pool.txt"))
		Expect(problems).To(BeEmpty())
		Expect(names(objects)).To(Equal([]string{"dev"}))
		Expect(*objects[0].Pool.Spec.Workers.Max).To(Equal(13), "defaults are set")
	})

	It("loads the manifests of a directory by name, and nothing else in it", func() {
		dir := directory(map[string]string{
			"b.yaml": poolNamed("b"), "a.yml": poolNamed("a"), ".hidden.yaml": "no", "b.yaml~": "no", "README.md": "no",
			"below/c.yaml": "no", "dir.yaml/c": "no",
		})
		objects, problems := spec.LoadPath(dir)
		Expect(problems).To(BeEmpty())
		Expect(names(objects)).To(Equal([]string{"a", "b"}))
	})

	It("follows links to a directory and to files", func() {
		dir := directory(map[string]string{"..2024/pool.yaml": smallest})
		Expect(os.Symlink("..2024", filepath.Join(dir, "..data"))).To(Succeed())
		Expect(os.Symlink("..data/pool.yaml", filepath.Join(dir, "pool.yaml"))).To(Succeed())
		link := filepath.Join(GinkgoT().TempDir(), "current")
		Expect(os.Symlink(dir, link)).To(Succeed())

		objects, problems := spec.LoadPath(link)
		Expect(problems).To(BeEmpty())
		Expect(objects[0].Source.String()).To(Equal(filepath.Join(link, "pool.yaml") + ":1"))
	})

	It("tells what is wrong in every file", func() {
		dir := directory(map[string]string{"a.yaml": "", "b.yaml": "x", "c.yaml": smallest})
		objects, problems := spec.LoadPath(dir)
		Expect(problems.Err()).To(MatchError(
			dir + "/a.yaml:1:1: is empty: a manifest needs apiVersion, kind, metadata and spec\n" +
				dir + `/b.yaml:1:1: is the text "x": a mapping with apiVersion, kind, metadata, spec, status belongs here`))
		Expect(names(objects)).To(Equal([]string{"dev"}))
	})

	It("warns of a directory that declares nothing", func() {
		dir := GinkgoT().TempDir()
		objects, problems := spec.LoadPath(dir)
		Expect(objects).To(BeEmpty())
		Expect(lines(problems)).To(Equal([]string{dir + ": warning: has no *.yaml or *.yml file: nothing is declared"}))
	})

	DescribeTable("does not take what it cannot read for nothing", func(prepare func(path string), problem string) {
		dir := GinkgoT().TempDir()
		prepare(filepath.Join(dir, "pool.yaml"))
		_, problems := spec.LoadPath(dir)
		Expect(lines(problems)).To(Equal([]string{dir + "/pool.yaml: cannot be read: " + problem}))
	},
		Entry("a link to nowhere", func(path string) { Expect(os.Symlink("nowhere", path)).To(Succeed()) },
			"no such file or directory"),
		Entry("a pipe, which would block", func(path string) { Expect(syscall.Mkfifo(path, 0o600)).To(Succeed()) },
			"it is no regular file"),
	)

	It("says what is wrong with a path that is not there", func() {
		_, problems := spec.LoadPath("/nowhere/pool.yaml")
		Expect(problems.Err()).To(MatchError("/nowhere/pool.yaml: cannot be read: no such file or directory"))
	})

	It("refuses the second of two pools with one name, and names the first", func() {
		dir := directory(map[string]string{"a.yaml": "# the first\n" + smallest, "b.yaml": smallest})
		objects, problems := spec.LoadPath(dir)
		Expect(lines(problems)).To(Equal([]string{
			dir + `/b.yaml:3:18: metadata.name: the Pool "dev" is declared already, in ` + dir + "/a.yaml:2"}))
		Expect(objects).To(HaveLen(1))
	})

	It("allows a pool and a claim of one name", func() {
		claim := "---\napiVersion: hal/v1alpha1\nkind: Claim\nmetadata: {name: dev}\nspec: {pool: dev}\n"
		Expect(problemsOf(smallest + claim)).To(BeEmpty())
		Expect(problemsOf(smallest + claim + claim)).To(HaveLen(1))
	})

	It("refuses two pools that publish one port", func() {
		manifest := poolNamed("a", `  parent: {image: x, ports: ["80:80"]}`) + "---\n" + poolNamed("b", `  parent: {image: x, ports: ["0.0.0.0:80:8080"]}`)
		Expect(problemsOf(manifest)).To(Equal([]string{
			`pool.yaml:19:30: spec.parent.ports[0]: 0.0.0.0:80:8080/tcp is taken by pool "a", 127.0.0.1:80:80/tcp (pool.yaml:1)`}))
	})

	DescribeTable("refuses pools whose containers or volumes would have one name", func(a, b, problem string) {
		Expect(problemsOf(a + "---\n" + b)).To(Equal([]string{problem}))
	},
		Entry("services", poolNamed("a", "  services: [{name: b-c, image: x}]"), poolNamed("a-b", "  services: [{name: c, image: x}]"),
			`pool.yaml:19:21: spec.services[0].name: makes the name hal-a-b-c, which pool "a" has too (pool.yaml:1): rename one of them`),
		Entry("volumes", poolNamed("a", "  volumes: [{name: b-c}]"), poolNamed("a-b", "  volumes: [{name: c}]"),
			`pool.yaml:19:20: spec.volumes[0].name: makes the name hal-a-b-c, which pool "a" has too (pool.yaml:1): rename one of them`),
		Entry("a service and a sandbox", poolNamed("a", "  services: [{name: b-sandbox, image: x}]"), poolNamed("a-b"),
			`pool.yaml:13:18: metadata.name: makes the name hal-a-b-sandbox, which pool "a" has too (pool.yaml:1): rename one of them`),
		Entry("a service and a worker", poolNamed("a", "  services: [{name: b-0, image: x}]"), poolNamed("a-b"),
			`pool.yaml:9:21: spec.services[0].name: makes the name hal-a-b-0, which pool "a-b" has too (pool.yaml:11): rename one of them`),
	)

	It("allows a volume that is named as a container is", func() {
		Expect(problemsOf(poolNamed("a", "  volumes: [{name: parent}]"))).To(BeEmpty())
	})
})

var _ = Describe("Relative paths", func() {
	It("are relative to the file as it was given, not to what a link leads to", func() {
		dir := directory(map[string]string{"releases/1/pool.yaml": with(
			"      secrets: [{name: a, file: ./secrets/a}, {name: b, file: /etc/b}]",
			"      security: {seccomp: ../profile.json}",
			"---", "apiVersion: hal/v1alpha1", "kind: Claim", "metadata: {name: alice}", "spec: {pool: dev, project: src}")})
		Expect(os.Symlink("releases/1", filepath.Join(dir, "current"))).To(Succeed())

		objects, problems := spec.LoadPath(filepath.Join(dir, "current"))
		Expect(problems).To(BeEmpty())
		template := objects[0].Pool.Spec.Workers.Template
		Expect(template.Secrets[0].File).To(Equal(dir + "/current/secrets/a"))
		Expect(template.Secrets[1].File).To(Equal("/etc/b"))
		Expect(template.Security.Seccomp).To(Equal(dir + "/profile.json"))
		Expect(objects[1].Claim.Spec.Project).To(Equal(dir + "/current/src"))
	})

	It("begin at the working directory where the file's name has no directory", func() {
		here, err := os.Getwd()
		Expect(err).NotTo(HaveOccurred())
		p := load(with("      secrets: [{name: a, file: a}]"))
		Expect(p.Spec.Workers.Template.Secrets[0].File).To(Equal(here + "/a"))
	})
})
