package main

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// badPool has two errors and a warning.
var badPool = strings.Replace(devPool, "warm: 3", "warm: -3", 1) +
	"      resources: {memory: 4g}\nstatus: {}\n"

var _ = Describe("validate", func() {
	It("names what is valid", func() {
		path := manifest(devPool)
		Expect(hal("validate", "-f", path)).To(Equal(outcome{out: path + ": pool/dev valid\n"}))
	})
	It("tells every problem on a line of its own, and ends with 2", func() {
		path := manifest(badPool)
		Expect(hal("validate", "-f", path)).To(Equal(outcome{code: exitUsage, err: lines(
			path+`:7:11: spec.workers.warm: -3: it must be at least 0`,
			path+`:10:27: spec.workers.template.resources.memory: "4g": did you mean 4Gi?`,
			path+`:11:1: warning: status: is written by the controller only; ignored`,
		)}))
	})
	It("takes several sources, each for itself", func() {
		one, two := manifest(devPool), manifest(devPool)
		Expect(hal("validate", "-f", one, "-f", two)).To(Equal(outcome{out: lines(
			one+": pool/dev valid", two+": pool/dev valid")}))
	})
	It("names what is valid beside what is not", func() {
		good, bad := manifest(devPool), manifest(badPool)
		result := hal("validate", "-f", bad, "-f", good)
		Expect(result.out).To(Equal(good + ": pool/dev valid\n"))
		Expect(result.code).To(Equal(exitUsage))
	})
	It("reads standard input", func() {
		Expect(halReading(strings.NewReader(devPool), "validate", "-f", "-")).To(Equal(outcome{out: "stdin: pool/dev valid\n"}))
	})
	It("refuses an empty file", func() {
		Expect(hal("validate", "-f", manifest("")).code).To(Equal(exitUsage))
	})
	It("says that a directory has no manifests", func() {
		dir := GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(dir, "readme.txt"), nil, 0o644)).To(Succeed())
		Expect(hal("validate", "-f", dir)).To(Equal(outcome{err: dir + ": warning: has no *.yaml or *.yml file: nothing is declared\n"}))
	})
	It("prints one JSON object for a program", func() {
		path := manifest(badPool)
		result := hal("validate", "-f", path, "-o", "json")
		Expect(result.code).To(Equal(exitUsage))
		Expect(result.err).To(BeEmpty())
		Expect(result.out).To(MatchJSON(`{
			"valid": false, "objects": [], "problems": [
			{"file": "` + path + `", "line": 7, "column": 11, "path": "spec.workers.warm", "message": "-3: it must be at least 0", "warning": false},
			{"file": "` + path + `", "line": 10, "column": 27, "path": "spec.workers.template.resources.memory", "message": "\"4g\": did you mean 4Gi?", "warning": false},
			{"file": "` + path + `", "line": 11, "column": 1, "path": "status", "message": "is written by the controller only; ignored", "warning": true}
		]}`))
	})
	It("prints what is valid for a program", func() {
		path := manifest(devPool)
		Expect(hal("validate", "-f", path, "-o", "json").out).To(MatchJSON(
			`{"valid": true, "objects": [{"file": "` + path + `", "line": 1, "kind": "Pool", "name": "dev"}], "problems": []}`))
	})
})

// lines are a text of whole lines.
func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }
