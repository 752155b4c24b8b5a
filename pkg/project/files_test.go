package project_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/project"
	"hal-controller/pkg/spec"
)

func told(problems spec.Problems) []string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.Error())
	}
	return lines
}

var _ = Describe("the settings of a project", func() {
	It("are none without a file", func() {
		Expect(project.ReadSettings(GinkgoT().TempDir())).To(BeZero())
	})
	It("are a pool or a profile", func() {
		dir := GinkgoT().TempDir()
		file := filepath.Join(dir, project.SettingsFile)
		Expect(os.WriteFile(file, []byte("# ours\npool: \"1\"\n"), 0o600)).To(Succeed())
		Expect(project.ReadSettings(dir)).To(Equal(project.Settings{File: file, Pool: "1"}))
		Expect(os.WriteFile(file, []byte("profile: java"), 0o600)).To(Succeed())
		Expect(project.ReadSettings(dir)).To(Equal(project.Settings{File: file, Profile: "java"}))
	})
	It("are an error where the file cannot be read", func() {
		dir := GinkgoT().TempDir()
		Expect(os.Mkdir(filepath.Join(dir, project.SettingsFile), 0o700)).To(Succeed())
		_, err := project.ReadSettings(dir)
		Expect(err).To(HaveOccurred())
	})

	DescribeTable("are refused with the place of all that is wrong",
		func(text string, want ...string) {
			_, problems := project.ParseSettings("f", []byte(text))
			Expect(told(problems)).To(Equal(want))
		},
		Entry("unknown keys", "pol: a\nxyz: b", "f:1:1: pol: is unknown: did you mean pool?", "f:2:1: xyz: is unknown: it is one of pool, profile"),
		Entry("keys given twice", "pool: a\npool: b", "f:2:1: pool: is given twice"),
		Entry("what is no text", "pool: 5\nprofile: [a]", "f:1:7: pool: must be text: put it into quotes if it is meant", "f:2:10: profile: must be text: put it into quotes if it is meant"),
		Entry("nothing after a key", "pool: ''", "f:1:7: pool: is empty: leave it out"),
		Entry("both", "pool: a\nprofile: b", "f:1:1: has a pool and a profile: one of them is enough, and they may not agree"),
		Entry("nothing", "", "f:1: is empty"),
		Entry("a list", "- a", "f:1:1: must be a mapping with pool, profile"),
		Entry("two documents", "pool: a\n---\npool: b", "f:2: has more than one document"),
		Entry("no YAML", "pool: a\n\tb", "f:2: is no YAML: found a tab character that violates indentation"),
	)
})

var _ = Describe("the tasks of a squad", func() {
	It("have directories relative to their file", func() {
		tasks, problems := project.ParseTasks("/src/tasks.yaml", []byte(`
pool: dev
tasks:
- {name: login, prompt: Fix it., branch: fix-login, dir: shop}
- {name: docs, prompt: "Write: it."}
- {name: other, prompt: x, dir: /srv}
`))
		Expect(problems).To(BeEmpty())
		Expect(tasks).To(Equal(project.Tasks{Pool: "dev", Tasks: []project.Task{
			{Name: "login", Prompt: "Fix it.", Branch: "fix-login", Dir: "/src/shop"},
			{Name: "docs", Prompt: "Write: it.", Dir: "/src"},
			{Name: "other", Prompt: "x", Dir: "/srv"},
		}}))
	})
	It("are an error where there is no file", func() {
		_, err := project.ReadTasks("/nowhere/tasks.yaml")
		Expect(err).To(MatchError(os.ErrNotExist))
	})

	DescribeTable("are refused with the place of all that is wrong",
		func(text string, want ...string) {
			_, problems := project.ParseTasks("f", []byte(strings.TrimPrefix(text, "\n")))
			Expect(told(problems)).To(Equal(want))
		},
		Entry("at once", `
pol: dev
tasks:
- {name: A, prompt: x}
- {name: b}
- {name: b, prompt: x, promt: y}
- {name: c, prompt: 5}
`,
			"f:1:1: pol: is unknown: did you mean pool?",
			`f:3:3: tasks[0].name: "A": it must be lower-case letters, digits and hyphens, and begin and end with a letter or digit, as a`,
			"f:4:3: tasks[1].prompt: is missing: say what to do",
			"f:5:24: tasks[2].promt: is unknown: did you mean prompt?",
			"f:6:21: tasks[3].prompt: must be text: put it into quotes if it is meant"),
		Entry("a name of two", "tasks: [{name: a, prompt: x}, {name: a, prompt: y}]", `f:1:31: tasks[1].name: "a" is that of another task`),
		Entry("no name", "tasks: [{prompt: x}]", "f:1:9: tasks[0].name: must not be empty"),
		Entry("a branch of two in a directory", "tasks: [{name: a, prompt: x, branch: z}, {name: b, prompt: y, dir: ./, branch: z}, {name: c, prompt: y, dir: d, branch: z}]",
			`f:1:42: tasks[1].branch: "z" is that of task "a", too: give each its own`),
		Entry("no tasks", "pool: dev", "f:1:1: tasks: is missing: say what to do, as {name: login, prompt: fix the login}"),
		Entry("tasks that are no list", "tasks: x", "f:1:8: tasks: must be a list of tasks"),
	)
})
