package main

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
)

var _ = Describe("squad", func() {
	var backend *fake.Backend
	var played *sessions
	var project string
	BeforeEach(func() {
		backend, played, project = &fake.Backend{}, &sessions{}, shop()
		backend.SetPools(imagePool("dev", "hal/worker"), imagePool("g", "hal/worker-go"))
		backend.OnSession(played.play(0))
		serving(backend)
	})
	squad := func(tasks string) outcome {
		GinkgoHelper()
		file := filepath.Join(project, "tasks.yaml")
		Expect(os.WriteFile(file, []byte(tasks), 0o644)).To(Succeed())
		return hal("squad", "-f", file)
	}

	It("starts each task, and goes on where one fails", func() {
		backend.SetClaims(api.Claim{Name: "old"})
		got := squad(`
tasks:
- {name: login, prompt: Fix it., branch: fix}
- {name: old, prompt: x}
- {name: gone, prompt: x, dir: nowhere}
- {name: docs, prompt: -p}
`)
		Expect(got.code).To(Equal(exitNo))
		Expect(got.out).To(MatchRegexp(`^NAME +POOL +WORKER +DIRECTORY +MESSAGE
login +g +hal-g-0.login +` + project + `-fix +-
old +- +- +` + project + ` +there is a claim "old" already
gone +- +- +` + project + `/nowhere +project: stat .*: no such file or directory
docs +g +hal-g-0.docs +` + project + ` +-
$`))
		Expect(got.err).To(ContainSubstring("login: 'hal attach login' shows it, 'hal release login' ends it, and what it has committed comes with: git -C "))
		Expect(played.ran).To(ConsistOf(
			And(HavePrefix("login in /workspace: "), HaveSuffix(`"claude" "--" "Fix it."]`)),
			And(HavePrefix("docs in /workspace: "), HaveSuffix(`"claude" "--" "-p"]`)),
		))
		Expect(backend.Claims()).To(HaveLen(3))
	})
	It("takes the pool of the file, and says yes where all have begun", func() {
		got := squad("pool: dev\ntasks: [{name: a, prompt: x}]")
		Expect(got.code).To(Equal(exitYes))
		Expect(got.err).To(ContainSubstring("pool dev, the one you named"))
	})

	DescribeTable("starts nothing of a file that is wrong",
		func(tasks, message string) {
			got := squad(tasks)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring(message))
			Expect(backend.Calls()).To(BeEmpty())
		},
		Entry("with all that is", "tasks: [{name: A, prompt: x}, {nam: b}]", "tasks.yaml:1:32: tasks[1].nam: is unknown: did you mean name?"),
		Entry("with the name", "tasks: [{name: A, prompt: x}, {nam: b}]", `tasks.yaml:1:9: tasks[0].name: "A"`),
	)
	It("wants a file that is there", func() {
		Expect(hal("squad").code).To(Equal(exitUsage))
		Expect(hal("squad", "-f", "/nowhere/tasks.yaml").code).To(Equal(exitUsage))
	})
})
