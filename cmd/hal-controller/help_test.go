package main

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("explain", func() {
	It("documents a field", func() {
		result := hal("explain", "pool.spec.workers.update")
		Expect(result.out).To(And(HavePrefix("VERSION:  hal/v1alpha1\nFIELD:    pool.spec.workers.update <Update>\n"), ContainSubstring("maxSurge")))
		Expect(result.code).To(Equal(exitYes))
	})
	It("completes fields in the shell", func() {
		Expect(hal("__complete", "explain", "pool.spec.workers.template.work").out).To(HavePrefix("pool.spec.workers.template.workspace\t"))
		Expect(hal("__complete", "explain", "").out).To(HavePrefix("pool\nclaim\n"))
	})
})

var _ = Describe("schema", func() {
	It("prints the schema of manifests", func() {
		Expect(hal("schema")).To(Equal(outcome{out: string(spec.Schema())}))
	})
})

var _ = DescribeTable("completion prints a script",
	func(shell, part, last string) {
		result := hal("completion", shell)
		Expect(result.out).To(ContainSubstring(part))
		Expect(result.out).To(HaveSuffix("\n"+last+"\n"), "the short name is completed too")
		Expect(result.code).To(Equal(exitYes))
	},
	Entry(nil, "bash", "__start_hal-controller", "complete -o default -F __start_hal-controller hal"),
	Entry(nil, "zsh", "#compdef hal-controller", "compdef _hal-controller hal"),
	Entry(nil, "fish", "complete -c hal-controller", "complete -c hal -w hal-controller"),
	Entry(nil, "powershell", "Register-ArgumentCompleter -CommandName 'hal-controller'", "Register-ArgumentCompleter -CommandName 'hal' -ScriptBlock ${__hal_controllerCompleterBlock}"),
)

var _ = Describe("version", func() {
	It("prints what it can reach, and is silent about the rest", func() {
		result := hal("version")
		Expect(result.out).To(MatchRegexp(`^Client: devel \(go\S+, \w+/\w+\)\n$`))
		Expect(result.err).To(BeEmpty())
		Expect(result.code).To(Equal(exitYes))
	})
	It("asks the daemon", func() {
		serving(&fake.Backend{})
		Expect(hal("version").out).To(HaveSuffix("\nDaemon: fake (process 1, instance default)\n"))
	})
	It("asks nobody where only the client's is wanted", func() {
		serving(&fake.Backend{})
		Expect(hal("version", "--client").out).NotTo(ContainSubstring("Daemon"))
	})
	It("has a JSON form", func() {
		serving(&fake.Backend{})
		var versions versionReport
		Expect(json.Unmarshal([]byte(hal("version", "-o", "json").out), &versions)).To(Succeed())
		Expect(versions.Client.Version).To(Equal("devel"))
		Expect(versions.Daemon.PID).To(Equal(1))
		Expect(versions.Engine).To(BeNil())
	})
})

var _ = Describe("the help", func() {
	It("has an example for every command", func() {
		for _, c := range shippedCommands(newRoot(&app{})) {
			if !c.HasSubCommands() && c.Name() != "help" {
				Expect(c.Example).NotTo(BeEmpty(), c.CommandPath())
			}
		}
	})
})
