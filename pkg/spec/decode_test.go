package spec_test

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// mistakes are manifests with one mistake each, in how they are written. The JSON
// Schema must refuse them too, except where it cannot know.
var mistakes = []struct {
	what, manifest, problem string
	schemaBlind             bool
}{
	{what: "an unknown key", manifest: with("      imagee: x"),
		problem: "pool.yaml:9:7: spec.workers.template.imagee: unknown key: did you mean image?"},
	{what: "a key that is like none", manifest: with("      workspace: {colour: red}"),
		problem: "pool.yaml:9:19: spec.workers.template.workspace.colour: unknown key: it is one of target, mode"},
	{what: "a key in the wrong case", manifest: with("    Max: 5"),
		problem: "pool.yaml:9:5: spec.workers.Max: unknown key: did you mean max?"},
	{what: "a key set twice", manifest: with("    warm: 4"), schemaBlind: true,
		problem: "pool.yaml:9:5: spec.workers.warm: is set twice: first in line 6"},
	{what: "a missing key", manifest: changed("    warm: 3\n", ""),
		problem: "pool.yaml:6:5: spec.workers.warm: is required"},
	{what: "a list where a mapping belongs", manifest: with("    lifetime: []"),
		problem: "pool.yaml:9:15: spec.workers.lifetime: is a list: a mapping with warmMaxAge, claimTTL, claimIdleTimeout belongs here"},
	{what: "a text where a list belongs", manifest: with("      command: sleep"),
		problem: `pool.yaml:9:16: spec.workers.template.command: is the text "sleep": a list belongs here`},
	{what: "a key without a value", manifest: with("  volumes:"),
		problem: "pool.yaml:9:11: spec.volumes: is empty: a list belongs here"},
	{what: "a number where a text belongs", manifest: with("      user: 1001"),
		problem: `pool.yaml:9:13: spec.workers.template.user: 1001 is a number to YAML and not a text: quote it, as "1001"`},
	{what: "an octal number where a text belongs", manifest: with("      env: [{name: UMASK, value: 0077}]"),
		problem: `pool.yaml:9:34: spec.workers.template.env[0].value: 0077 is a number to YAML and not a text: quote it, as "0077"`},
	{what: "a boolean where a text belongs", manifest: with("      labels: {gpu: true}"),
		problem: `pool.yaml:9:21: spec.workers.template.labels.gpu: true is a boolean to YAML and not a text: quote it, as "true"`},
	{what: "a date where a text belongs", manifest: with("      labels: {since: 2024-01-31}"), schemaBlind: true,
		problem: `pool.yaml:9:23: spec.workers.template.labels.since: 2024-01-31 is a date to YAML and not a text: quote it, as "2024-01-31"`},
	{what: "a word that is a boolean to older parsers", manifest: with("      env: [{name: TTY, value: no}]"), schemaBlind: true,
		problem: `pool.yaml:9:32: spec.workers.template.env[0].value: no is a boolean to many YAML parsers: quote it, as "no"`},
	{what: "null where a text belongs", manifest: with("      user: ~"),
		problem: `pool.yaml:9:13: spec.workers.template.user: is empty: write a text, "" for an empty one, or leave the key out`},
	{what: "a text where a number belongs", manifest: with(`    max: "5"`),
		problem: `pool.yaml:9:10: spec.workers.max: is the text "5": a whole number belongs here`},
	{what: "a fraction where a number belongs", manifest: with("    max: 5.5"),
		problem: "pool.yaml:9:10: spec.workers.max: is the number 5.5: a whole number belongs here"},
	{what: "a number in hexadecimal", manifest: with("    max: 0x10"), schemaBlind: true,
		problem: "pool.yaml:9:10: spec.workers.max: 0x10: write it as a plain decimal number"},
	{what: "a number below its range", manifest: changed("warm: 3", "warm: -1"),
		problem: "pool.yaml:6:11: spec.workers.warm: -1: it must be at least 0"},
	{what: "a number above its range", manifest: with("      readiness: {tcpSocket: {port: 65536}}"),
		problem: "pool.yaml:9:37: spec.workers.template.readiness.tcpSocket.port: 65536: it must be at most 65535"},
	{what: "yes where a boolean belongs", manifest: with("  suspend: yes"),
		problem: `pool.yaml:9:12: spec.suspend: is the text "yes": write true or false`},
	{what: "a word that is none of a few", manifest: with("    onEmpty: que"),
		problem: `pool.yaml:9:14: spec.workers.onEmpty: "que" is none of cold, queue, fail: did you mean queue?`},
	{what: "memory in Docker's units", manifest: with("      resources: {memory: 4g}"),
		problem: `pool.yaml:9:27: spec.workers.template.resources.memory: "4g": did you mean 4Gi?`},
	{what: "memory that would be a fraction of a byte", manifest: with("      resources: {memory: 512m}"),
		problem: `pool.yaml:9:27: spec.workers.template.resources.memory: "512m": did you mean 512Mi?`},
	{what: "memory without a unit", manifest: with("      resources: {memory: 4}"),
		problem: "pool.yaml:9:27: spec.workers.template.resources.memory: is the number 4: write it with a unit, as 512Mi or 4Gi"},
	{what: "memory that takes long to compute", manifest: with(`      resources: {memory: "1e-100000000"}`),
		problem: `pool.yaml:9:27: spec.workers.template.resources.memory: "1e-100000000" is no memory quantity: write it as 512Mi or 4Gi`},
	{what: "no memory at all", manifest: with("      resources: {memory: 0Gi}"), schemaBlind: true,
		problem: `pool.yaml:9:27: spec.workers.template.resources.memory: "0Gi": a limit must be above 0; leave the key out for the default`},
	{what: "a CPU limit that is no text", manifest: with("      resources: {cpu: 2}"),
		problem: `pool.yaml:9:24: spec.workers.template.resources.cpu: is the number 2: write it as a text such as "2" or "500m"`},
	{what: "a CPU limit with a unit", manifest: with("      resources: {cpu: 2cores}"),
		problem: `pool.yaml:9:24: spec.workers.template.resources.cpu: "2cores" is no CPU quantity: write it as "2", "0.5" or "500m"`},
	{what: "a duration without a unit", manifest: with("      stopGracePeriod: 10"),
		problem: "pool.yaml:9:24: spec.workers.template.stopGracePeriod: 10 has no unit: write it as 10s or 10m"},
	{what: "a duration of days", manifest: with("    lifetime: {warmMaxAge: 7d}"),
		problem: `pool.yaml:9:28: spec.workers.lifetime.warmMaxAge: "7d" is no duration: write it as 500ms, 90s, 10m or 2h`},
	{what: "0 for a duration whose default is another", manifest: with("      stopGracePeriod: 0"), schemaBlind: true,
		problem: "pool.yaml:9:24: spec.workers.template.stopGracePeriod: 0: it must be above 0; leave the key out for the default"},
	{what: "more than 100 %", manifest: with("    update: {maxUnavailable: 120%}"),
		problem: `pool.yaml:9:30: spec.workers.update.maxUnavailable: "120%" is neither a count such as 2 nor a percentage such as "20%"`},
	{what: "a negative count", manifest: with("    update: {maxSurge: -1}"),
		problem: `pool.yaml:9:24: spec.workers.update.maxSurge: "-1" is neither a count such as 2 nor a percentage such as "20%"`},
	{what: "a tag of YAML's", manifest: with("      user: !secret root"), schemaBlind: true,
		problem: "pool.yaml:9:13: spec.workers.template.user: root is !secret to YAML and not a text: quote it, as \"root\""},
	{what: "a missing apiVersion", manifest: changed("apiVersion: hal/v1alpha1\n", ""),
		problem: "pool.yaml:1:1: apiVersion: is required"},
	{what: "a missing name", manifest: changed("{name: dev}", "{labels: {a: b}}"),
		problem: "pool.yaml:3:11: metadata.name: is required"},
	{what: "an unknown apiVersion", manifest: changed("v1alpha1", "v1"),
		problem: `pool.yaml:1:13: apiVersion: "hal/v1" is unknown: did you mean hal/v1alpha1?`},
	{what: "an unknown kind", manifest: changed("Pool", "pool"),
		problem: `pool.yaml:2:7: kind: "pool" is unknown: did you mean Pool?`},
	{what: "a kind that has nothing to do with this", manifest: changed("Pool", "Deployment"),
		problem: `pool.yaml:2:7: kind: "Deployment" is unknown: it is one of Pool, Claim`},
	{what: "an anchor that contains itself", manifest: with("  services: &s", "  - *s"), schemaBlind: true,
		problem: "pool.yaml:9:13: spec.services[0]: is a list: a mapping with name, image, command, user, env, labels, ports, resources, stopSignal, stopGracePeriod, readiness, volumes, security belongs here"},
	{what: "a mapping that merges itself", manifest: with("      labels: &l", "        <<: *l"), schemaBlind: true,
		problem: "pool.yaml:10:13: spec.workers.template.labels: the anchor &l contains itself"},
}

var _ = Describe("A manifest that is written wrongly", func() {
	for _, m := range mistakes {
		It("is an error that says where and what: "+m.what, func() {
			Expect(problemsOf(m.manifest)).To(Equal([]string{m.problem}))
		})
	}

	It("is told everything that is wrong at once, in the order of the file", func() {
		Expect(problemsOf(`
apiVersion: hal/v1alpha1
kind: Pool
metadata: {name: Dev}
spec:
  suspend: on
  workers:
    warm: 3
    max: 2
    template: {image: "UPPER/x", usr: 1}
---
kind: Claim
`)).To(Equal([]string{
			`pool.yaml:4:18: metadata.name: "Dev": it must be lower-case letters, digits and hyphens, and begin and end with a letter or digit, as dev`,
			`pool.yaml:6:12: spec.suspend: is the text "on": write true or false`,
			`pool.yaml:9:10: spec.workers.max: 2 is below spec.workers.warm, 3: raise max or lower warm`,
			`pool.yaml:10:23: spec.workers.template.image: "UPPER/x" is no image reference: repository names are lower case`,
			`pool.yaml:10:34: spec.workers.template.usr: unknown key: did you mean user?`,
			`pool.yaml:12:1: apiVersion: is required`,
			`pool.yaml:12:1: metadata: is required`,
			`pool.yaml:12:1: spec: is required`,
		}))
	})

	It("stops listing errors where the file is something else altogether", func() {
		problems := problemsOf(with(strings.Repeat("      x: 1\n", 500)))
		Expect(problems).To(HaveLen(101))
		Expect(problems[100]).To(HaveSuffix("there are more errors; mend these first"))
	})

	DescribeTable("is never taken for a pool without workers", func(manifest, problem string) {
		objects, problems := spec.Decode("pool.yaml", []byte(manifest))
		Expect(objects).To(BeEmpty())
		Expect(lines(problems)).To(ContainElement(problem))
	},
		Entry("an empty file", "",
			"pool.yaml:1:1: is empty: a manifest needs apiVersion, kind, metadata and spec"),
		Entry("nothing but comments", "# to do\n",
			"pool.yaml:1:1: is empty: a manifest needs apiVersion, kind, metadata and spec"),
		Entry("an empty document", "---\n",
			"pool.yaml:2:1: is an empty document: a manifest needs apiVersion, kind, metadata and spec; remove the --- that begins it if it is not meant"),
		Entry("a file cut after a key", "apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {name: dev}\nspec:\n",
			"pool.yaml:4:6: spec: is empty: a mapping with suspend, network, parent, services, workers, volumes belongs here"),
		Entry("a file cut before the spec", "apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {name: dev}\n",
			"pool.yaml:1:1: spec: is required"),
		Entry("a version and a kind that are both unknown", "apiVersion: hal/v9\nkind: Poool\nmetadata: {name: dev}\nspec: {}\n",
			`pool.yaml:2:7: kind: "Poool" is unknown: did you mean Pool?`),
		Entry("a file cut inside a bracket", "apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {name: d",
			"pool.yaml:3:1: is no YAML: did not find expected ',' or '}'"),
		Entry("a list", "- a\n",
			"pool.yaml:1:1: is a list: a mapping with apiVersion, kind, metadata, spec, status belongs here"),
		Entry("binary data", "\x00\x01\x02", "pool.yaml: is no YAML: control characters are not allowed"),
		Entry("a file that is too large", strings.Repeat("#", 1<<20+1),
			"pool.yaml: is larger than 1024 KiB: split it into several files"),
		Entry("a kind that is merged in", "<<: {kind: Pool, apiVersion: hal/v1alpha1, metadata: {name: a}}\n",
			"pool.yaml:1:1: kind: must be written out in the document"),
	)
})

var _ = Describe("Decode", func() {
	It("gives the objects of all documents and where each begins", func() {
		objects, problems := spec.Decode("pool.yaml", []byte("# a comment\n"+smallest+
			"---\napiVersion: hal/v1alpha1\nkind: Claim\nmetadata: {name: alice}\nspec: {pool: dev}\n"))
		Expect(problems).To(BeEmpty())
		Expect(objects).To(HaveLen(2))
		Expect(objects[0].Source.String()).To(Equal("pool.yaml:2"))
		Expect(objects[0].Pool.Spec.Workers.Warm).To(Equal(3))
		Expect(objects[1].Source.String()).To(Equal("pool.yaml:11"))
		Expect(objects[1].Kind() + "/" + objects[1].Name()).To(Equal("Claim/alice"))
	})

	It("adds nothing to what is written", func() {
		objects, _ := spec.Decode("pool.yaml", []byte(smallest))
		Expect(*objects[0].Pool).To(Equal(spec.Pool{
			APIVersion: "hal/v1alpha1",
			Kind:       "Pool",
			Metadata:   spec.Metadata{Name: "dev"},
			Spec:       spec.PoolSpec{Workers: spec.Workers{Warm: 3, Template: spec.WorkerTemplate{Image: "hal/worker"}}},
		}))
	})

	It("gives the right documents of a file with wrong ones", func() {
		objects, problems := spec.Decode("pool.yaml", []byte("kind: Pool\n---\n"+smallest))
		Expect(objects).To(HaveLen(1))
		Expect(problems.Err()).To(HaveOccurred())
	})

	It("warns of a status and ignores it, whatever it holds", func() {
		objects, problems := spec.Decode("pool.yaml", []byte(smallest+"status: {warm: yes, nonsense: 1}\n"))
		Expect(lines(problems)).To(Equal([]string{"pool.yaml:9:1: warning: status: is written by the controller only; ignored"}))
		Expect(problems.Err()).NotTo(HaveOccurred())
		Expect(objects).To(HaveLen(1))
		Expect(objects[0].Pool.Status).To(BeNil())
	})

	It("reads aliases and merged mappings, where what is written itself wins", func() {
		objects, problems := spec.Decode("pool.yaml", []byte(with(
			"      labels: &l {team: core, tier: a}",
			"  services:",
			"  - &s {name: a, image: x, labels: {<<: *l, tier: b}}",
			"  - {<<: [*s], name: b}")))
		Expect(problems).To(BeEmpty())
		services := objects[0].Pool.Spec.Services
		Expect(services[0].Labels).To(Equal(map[string]string{"team": "core", "tier": "b"}))
		Expect(services[1].Name).To(Equal("b"))
		Expect(services[1].Image).To(Equal("x"))
	})

	It("refuses aliases that stand for more than anybody wrote", func() {
		bomb := []string{"  services:", "  - &s0 {name: a, image: x, labels: &l0 {a: b}}"}
		for i, name := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			before := []string{"0", "1", "2", "3", "4", "5", "6"}[i]
			bomb = append(bomb, "  - {name: a, image: x, labels: &l"+name+" {<<: ["+strings.Repeat("*l"+before+", ", 10)+"]}}")
		}
		Expect(problemsOf(with(bomb...))).To(ContainElement(HaveSuffix("the aliases of this document stand for too much: write it out")))
	})

	DescribeTable("reads what editors and other systems write", func(manifest string) {
		_, problems := spec.Decode("pool.yaml", []byte(manifest))
		Expect(problems).To(BeEmpty())
	},
		Entry("a byte order mark", "\ufeff"+smallest),
		Entry("carriage returns", strings.ReplaceAll(smallest, "\n", "\r\n")),
		Entry("no line end at the end", strings.TrimSuffix(smallest, "\n")),
		Entry("the mark of a document at the begin and the end", "---\n"+smallest+"...\n"),
		Entry("JSON", `{"apiVersion": "hal/v1alpha1", "kind": "Pool", "metadata": {"name": "dev"},
			"spec": {"workers": {"warm": 3, "template": {"image": "hal/worker"}}}}`),
	)
})

var _ = Describe("The manifest of the design", func() {
	It("is valid", func() {
		data, err := os.ReadFile("testdata/full.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(problemsOf(string(data))).To(BeEmpty())
	})
})
