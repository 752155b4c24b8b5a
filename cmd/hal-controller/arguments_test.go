package main

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("A wrong command line says what is wrong and ends with 2",
	func(line, message, usage string) {
		result := hal(strings.Fields(line)...)
		Expect(result.err).To(Equal("hal-controller: " + message + "\nUsage: hal-controller " + usage + "\n"))
		Expect(result.out).To(BeEmpty())
		Expect(result.code).To(Equal(exitUsage))
	},
	Entry("an unknown command", "vlidate", `unknown command "vlidate" for hal-controller: did you mean "validate"?`, "[flags]"),
	Entry("an instance that is no name", "version --instance ../x", `--instance "../x": small letters, digits and dashes, at most 63`, "version [flags]"),
	Entry("two sources to run on", "run -f a -f b", `invalid argument "b" for "-f, --filename" flag: it is given twice: use a directory, or one file with several documents`, "run -f PATH [flags]"),
	Entry("help about no command", "help vlidate", `unknown command "vlidate" for hal-controller: did you mean "validate"?`, "help [COMMAND] [flags]"),
	Entry("a number that is none", "scale dev --warm x", `invalid argument "x" for "--warm" flag: a whole number belongs here`, "scale POOL --warm N [flags]"),
	Entry("an unknown flag", "diff --filname x", `unknown flag: --filname: did you mean --filename?`, "diff -f PATH [flags]"),
	Entry("no manifests to validate", "validate", "say which manifests: -f FILE, -f DIRECTORY or -f -", "validate -f PATH [flags]"),
	Entry("an argument where there is none", "validate pool.yaml", `hal-controller validate takes no arguments, and got "pool.yaml"`, "validate -f PATH [flags]"),
	Entry("a word that is nearly a choice", "validate -f x -o jsno", `invalid argument "jsno" for "-o, --output" flag: did you mean "json"?`, "validate -f PATH [flags]"),
	Entry("a word that is no choice", "validate -f x -o table", `invalid argument "table" for "-o, --output" flag: it is one of text, json`, "validate -f PATH [flags]"),
	Entry("no manifests to compare with", "diff", "say which manifests: -f FILE, -f DIRECTORY or -f -", "diff -f PATH [flags]"),
	Entry("manifests twice", "diff -f a -f b", `invalid argument "b" for "-f, --filename" flag: it is given twice: use a directory, or one file with several documents`, "diff -f PATH [flags]"),
	Entry("no manifests to apply", "apply", "say which manifests: -f FILE, -f DIRECTORY or -f -", "apply -f PATH [flags]"),
	Entry("a dry run of an unknown kind", "apply -f x --dry-run=sever", `invalid argument "sever" for "--dry-run" flag: did you mean "server"?`, "apply -f PATH [flags]"),
	Entry("no time to wait", "apply -f x --timeout 0s", "--timeout 0s: more than 0", "apply -f PATH [flags]"),
	Entry("nothing to delete", "delete", "say what to delete: pool NAME, or -f PATH", "delete (pool NAME... | -f PATH) [flags]"),
	Entry("a kind without a name", "delete pool", "say which pool: pool NAME", "delete (pool NAME... | -f PATH) [flags]"),
	Entry("a name without a kind", "delete dev", `there is no kind of thing called "dev": it is one of pools, workers, services, volumes`, "delete (pool NAME... | -f PATH) [flags]"),
	Entry("a kind that cannot be deleted", "delete worker hal-dev-0", "a worker cannot be deleted: the controller would make another; scale or delete its pool", "delete (pool NAME... | -f PATH) [flags]"),
	Entry("pools and manifests to delete", "delete pool/dev -f x", "say pools or -f PATH, not both", "delete (pool NAME... | -f PATH) [flags]"),
	Entry("no pool", "suspend", "say which pool, as in: hal-controller suspend dev", "suspend POOL [flags]"),
	Entry("two pools", "resume dev ci", "hal-controller resume takes one pool, and got dev ci", "resume POOL [flags]"),
	Entry("what is no pool", "reconcile worker/hal-dev-0", `"worker/hal-dev-0" is no pool: say it as NAME or pool/NAME`, "reconcile POOL [flags]"),
	Entry("a pool without a name", "reconcile pool/", `"pool/" is no name of a pool`, "reconcile POOL [flags]"),
	Entry("no number to scale to", "scale dev", "say how many warm workers to keep: --warm N", "scale POOL --warm N [flags]"),
	Entry("a negative number", "scale dev --warm -1", "--warm -1: 0 or more", "scale POOL --warm N [flags]"),
	Entry("an unknown rollout command", "rollout stats dev", `unknown command "stats" for hal-controller rollout: did you mean "status"?`, "rollout status|pause|resume|undo POOL [flags]"),
	Entry("a rollout of no pool", "rollout undo", "say which pool, as in: hal-controller rollout undo dev", "rollout undo POOL [flags]"),
	Entry("no field", "explain", "say one field, as in: hal-controller explain pool.spec.workers", "explain FIELD [flags]"),
	Entry("an unknown field", "explain pool.spec.worker", `explain "pool.spec.worker": pool.spec has no field "worker": did you mean pool.spec.workers?`, "explain FIELD [flags]"),
	Entry("no shell", "completion", "say one shell: bash, zsh, fish, powershell", "completion SHELL [flags]"),
	Entry("an unknown shell", "completion bsh", `no completion for "bsh": did you mean "bash"?: there is bash, zsh, fish, powershell`, "completion SHELL [flags]"),
	Entry("an argument of schema", "schema pool", `hal-controller schema takes no arguments, and got "pool"`, "schema [flags]"),
	Entry("an argument of doctor", "doctor me", `hal-controller doctor takes no arguments, and got "me"`, "doctor [-f PATH] [flags]"),
	Entry("an argument of version", "version 1", `hal-controller version takes no arguments, and got "1"`, "version [flags]"),
	Entry("an unknown display", "run -f x --progress ttty", `--progress "ttty": did you mean "tty"?: it is one of auto, tty, plain, json, quiet`, "run -f PATH [flags]"),
)

var _ = DescribeTable("A command that needs a daemon says how to start one, and ends with 4",
	func(line string) {
		path := manifest(devPool)
		result := hal(strings.Fields(strings.ReplaceAll(line, "FILE", path))...)
		Expect(result.err).To(MatchRegexp(`no daemon at \S+/hal.sock: start one with: hal-controller run -f PATH\n$`))
		Expect(result.out).To(BeEmpty())
		Expect(result.code).To(Equal(exitUnavailable))
	},
	Entry(nil, "apply -f FILE"),
	Entry(nil, "delete pool dev"),
	Entry(nil, "delete pool dev --wait"),
	Entry(nil, "delete -f FILE"),
	Entry(nil, "scale dev --warm 1"),
	Entry(nil, "suspend dev"),
	Entry(nil, "resume dev"),
	Entry(nil, "reconcile dev"),
	Entry(nil, "rollout status dev"),
	Entry(nil, "rollout pause dev"),
)
