package spec_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("A manifest that asks the impossible", func() {
	DescribeTable("is an error that says where, why and what would help",
		func(manifest string, problems ...string) { Expect(problemsOf(manifest)).To(Equal(problems)) },

		Entry("a name with capitals", changed("name: dev", "name: My_Pool"),
			`pool.yaml:3:18: metadata.name: "My_Pool": it must be lower-case letters, digits and hyphens, and begin and end with a letter or digit, as my-pool`),
		Entry("a name that is too long", changed("name: dev", "name: a123456789b123456789c123456789d123456789e"),
			`pool.yaml:3:18: metadata.name: "a123456789b123456789c123456789d123456789e" is longer than 40 characters`),
		Entry("an empty name", changed("name: dev", `name: ""`),
			`pool.yaml:3:18: metadata.name: must not be empty`),

		Entry("fewer workers than are kept warm", with("    max: 2"),
			"pool.yaml:9:10: spec.workers.max: 2 is below spec.workers.warm, 3: raise max or lower warm"),
		Entry("a rollout that could never move", with("    update: {maxUnavailable: 0%, maxSurge: 0}"),
			"pool.yaml:9:30: spec.workers.update.maxUnavailable: is 0, and so is maxSurge: a rollout could never move; raise one of them"),
		Entry("a first wait that is longer than the longest", with("    restart: {initialBackoff: 10m, maxBackoff: 1m}"),
			"pool.yaml:9:31: spec.workers.restart.initialBackoff: 10m is above maxBackoff, 1m"),
		Entry("a first wait that is longer than the default longest", with("    restart: {initialBackoff: 10m}"),
			"pool.yaml:9:31: spec.workers.restart.initialBackoff: 10m is above maxBackoff, 5m"),

		Entry("no image", changed("hal/worker", `""`),
			"pool.yaml:8:14: spec.workers.template.image: must not be empty"),
		Entry("an image that is none", changed("hal/worker", `"hal/worker:"`),
			`pool.yaml:8:14: spec.workers.template.image: "hal/worker:" is no image reference: invalid reference format`),
		Entry("an image with a blank", changed("hal/worker", `"hal worker"`),
			`pool.yaml:8:14: spec.workers.template.image: "hal worker" is no image reference: invalid reference format`),
		Entry("an image with capitals, which the engine would take for a host", changed("hal/worker", "HAL/worker"),
			`pool.yaml:8:14: spec.workers.template.image: "HAL/worker" is no image reference: repository names are lower case`),
		Entry("a cut digest", changed("hal/worker", "hal/worker@sha256:abc"),
			`pool.yaml:8:14: spec.workers.template.image: "hal/worker@sha256:abc" is no image reference: invalid reference format`),
		Entry("a user that is none", with(`      user: "a b"`),
			`pool.yaml:9:13: spec.workers.template.user: "a b" is no user: write it as "1001", "1001:1001" or a name`),
		Entry("a variable without a name", with(`      env: [{name: ""}, {name: A=B}, {name: 1A}]`),
			`pool.yaml:9:20: spec.workers.template.env[0].name: "" is no name of a variable: letters, digits and _, and no digit first`,
			`pool.yaml:9:32: spec.workers.template.env[1].name: "A=B" is no name of a variable: letters, digits and _, and no digit first`,
			`pool.yaml:9:45: spec.workers.template.env[2].name: "1A" is no name of a variable: letters, digits and _, and no digit first`),
		Entry("a variable twice", with("      env: [{name: A}, {name: B}, {name: A}]"),
			`pool.yaml:9:42: spec.workers.template.env[2].name: the name "A" is taken by spec.workers.template.env[0].name`),
		Entry("a label of the controller's", with("      labels: {hal/role: worker}"),
			"pool.yaml:9:26: spec.workers.template.labels[hal/role]: the prefix hal/ is the controller's own: choose another name"),
		Entry("a label with a blank", with(`      labels: {"a b": c}`),
			"pool.yaml:9:23: spec.workers.template.labels[a b]: it must be 1 to 253 letters, digits, dots, hyphens, underscores and slashes, and begin and end with a letter or digit"),
		Entry("less memory than the engine allows", with("      resources: {memory: 4Mi}"),
			"pool.yaml:9:27: spec.workers.template.resources.memory: 4Mi: the engine's least is 6Mi"),
		Entry("a signal that is none", with("      stopSignal: SIGTREM"),
			`pool.yaml:9:19: spec.workers.template.stopSignal: "SIGTREM" is no signal: did you mean SIGTERM?`),

		Entry("a probe that does nothing", with("      readiness: {period: 1s}"),
			"pool.yaml:9:18: spec.workers.template.readiness: needs exactly one of exec, httpGet and tcpSocket, and has 0"),
		Entry("a probe that does two things", with("      readiness: {exec: [a], tcpSocket: {port: 1}}"),
			"pool.yaml:9:18: spec.workers.template.readiness: needs exactly one of exec, httpGet and tcpSocket, and has 2"),
		Entry("a probe without a command", with("      readiness: {exec: []}"),
			"pool.yaml:9:25: spec.workers.template.readiness.exec: must name a command, as [test, -f, /tmp/ready]"),
		Entry("a probe that never rests", with("      readiness: {exec: [a], period: 99ms}"),
			"pool.yaml:9:38: spec.workers.template.readiness.period: 99ms: it must be at least 100ms"),
		Entry("a relative request", with("      readiness: {httpGet: {port: 80, path: ready}}"),
			`pool.yaml:9:45: spec.workers.template.readiness.httpGet.path: "ready": it must begin with a slash and have no blanks`),
		Entry("a warm-up without a command", with("      warmup: {exec: []}"),
			"pool.yaml:9:22: spec.workers.template.warmup.exec: must name a command, as [test, -f, /tmp/ready]"),

		Entry("a volume that is not declared", with("      volumes: [{name: plugin, target: /p}]", "  volumes: [{name: plugins}]"),
			`pool.yaml:9:24: spec.workers.template.volumes[0].name: the volume "plugin" is not in spec.volumes: did you mean plugins?`),
		Entry("a volume, where none is declared", with("      volumes: [{name: data, target: /d}]"),
			`pool.yaml:9:24: spec.workers.template.volumes[0].name: the volume "data" is not in spec.volumes: declare it there`),
		Entry("a volume twice", with("  volumes: [{name: a}, {name: a}]"),
			`pool.yaml:9:31: spec.volumes[1].name: the name "a" is taken by spec.volumes[0].name`),
		Entry("a user's volume in a service", with("  parent: {image: x, volumes: [{name: a, target: /a, scope: user}]}"),
			"pool.yaml:9:61: spec.parent.volumes[0].scope: user is for workers: a service belongs to everybody"),
		Entry("one path for two things", with("      volumes: [{name: a, target: /workspace, scope: user}]"),
			`pool.yaml:9:35: spec.workers.template.volumes[0].target: the path "/workspace" is taken by spec.workers.template.workspace.target`),
		Entry("paths that are relative, unclean or everything",
			with("      volumes: [{name: a, target: a, scope: user}, {name: b, target: /a/../b, scope: user}, {name: c, target: /, scope: user}]"),
			`pool.yaml:9:35: spec.workers.template.volumes[0].target: "a": it must be an absolute path`,
			`pool.yaml:9:70: spec.workers.template.volumes[1].target: "/a/../b": write it as "/b"`,
			`pool.yaml:9:111: spec.workers.template.volumes[2].target: must not be the whole root filesystem`),
		Entry("the engine's socket as a secret", with("      secrets: [{name: a, file: /var/run/docker.sock}]"),
			`pool.yaml:9:33: spec.workers.template.secrets[0].file: "/var/run/docker.sock" is a container engine's socket: no worker gets one`),
		Entry("a secret whose name is a path", with("      secrets: [{name: ../a, file: a}]"),
			`pool.yaml:9:24: spec.workers.template.secrets[0].name: "../a": it must be 1 to 63 letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit`),

		Entry("all capabilities", with("      security: {capAdd: [ALL]}"),
			"pool.yaml:9:27: spec.workers.template.security.capAdd[0]: ALL would make the container privileged in all but name: name the capabilities that are needed"),
		Entry("a capability that is all of them", with("      security: {capAdd: [CAP_SYS_ADMIN]}"),
			"pool.yaml:9:27: spec.workers.template.security.capAdd[0]: SYS_ADMIN lets a process mount and leave its namespaces, which is privileged in all but name: name the capabilities that are needed"),
		Entry("a capability that is none", with("      security: {capDrop: [NET_ADMN]}"),
			`pool.yaml:9:28: spec.workers.template.security.capDrop[0]: "NET_ADMN" is no capability: did you mean NET_ADMIN?`),
		Entry("no system call filter", with("      security: {seccomp: unconfined}"),
			"pool.yaml:9:27: spec.workers.template.security.seccomp: unconfined is not on offer: write default, or the path of a profile"),

		Entry("names of services that are taken",
			with("  services: [{name: parent, image: x}, {name: sandbox, image: x}, {name: \"7\", image: x}, {name: a, image: x}, {name: a, image: x}]"),
			`pool.yaml:9:21: spec.services[0].name: "parent" is taken by the pool's own parent`,
			`pool.yaml:9:47: spec.services[1].name: "sandbox" is taken by the pool's own sandbox`,
			`pool.yaml:9:74: spec.services[2].name: "7" is a number, and numbers are the workers' names`,
			`pool.yaml:9:118: spec.services[4].name: the name "a" is taken by spec.services[3].name`),
		Entry("a port twice", with(`  parent: {image: x, ports: ["8000:8000"]}`, `  services: [{name: a, image: x, ports: ["0.0.0.0:8000:80"]}]`),
			"pool.yaml:10:42: spec.services[0].ports[0]: 0.0.0.0:8000:80/tcp is taken by spec.parent.ports[0], 127.0.0.1:8000:8000/tcp"),
		Entry("ports that are none", with(`  parent: {image: x, ports: ["8000", "0:80", "1.2.3:1:1", "1:70000"]}`),
			`pool.yaml:9:30: spec.parent.ports[0]: "8000" is no published port: write it as [hostIP:]hostPort:containerPort[/tcp|/udp]`,
			`pool.yaml:9:38: spec.parent.ports[1]: "0:80": port 0 is not between 1 and 65535`,
			`pool.yaml:9:46: spec.parent.ports[2]: "1.2.3:1:1": 1.2.3 is no IP address`,
			`pool.yaml:9:59: spec.parent.ports[3]: "1:70000": port 70000 is not between 1 and 65535`),
		Entry("a shared network without a way out", with("  network: {internal: true}"),
			"pool.yaml:9:23: spec.network.internal: needs mode bridge: in mode shared the pool has one network namespace, whose way out is the sandbox's"),
		Entry("published ports without a way out", with("  network: {mode: bridge, internal: true}", `  parent: {image: x, ports: ["1:1"]}`),
			"pool.yaml:10:29: spec.parent.ports: cannot be published: spec.network.internal leaves the pool no way to the host"),
	)

	DescribeTable("is not complained about for what follows from a mistake that was told",
		func(manifest string, problems ...string) { Expect(problemsOf(manifest)).To(Equal(problems)) },
		Entry("a declaration that lost its name", with("      volumes: [{name: data, target: /d}]", "  volumes: [{nmae: data}]"),
			"pool.yaml:10:13: spec.volumes[0].name: is required",
			"pool.yaml:10:14: spec.volumes[0].nmae: unknown key: did you mean name?"),
		Entry("a misspelled scope", with("      volumes: [{name: home, target: /h, scope: usr}]"),
			`pool.yaml:9:49: spec.workers.template.volumes[0].scope: "usr" is none of pool, user: did you mean user?`),
		Entry("a misspelled probe", with("      readiness: {httpGett: {port: 80}}"),
			"pool.yaml:9:19: spec.workers.template.readiness.httpGett: unknown key: did you mean httpGet?"),
		Entry("a missing template", "apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {name: dev}\nspec:\n  workers: {warm: 1}\n",
			"pool.yaml:5:12: spec.workers.template: is required"),
	)

	DescribeTable("is told from what is unusual but possible", func(manifest string) { Expect(problemsOf(manifest)).To(BeEmpty()) },
		Entry("no worker at all", changed("warm: 3", "warm: 0")),
		Entry("as many workers as are kept warm", with("    max: 3")),
		Entry("an image by digest", changed("hal/worker", "hal/worker@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
		Entry("an image by id", changed("hal/worker", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
		Entry("an image of a host with a port", changed("hal/worker", "Localhost:5000/hal/worker:v1")),
		Entry("one port of the host by two protocols", with(`  parent: {image: x, ports: ["53:53/udp", "53:53/tcp"]}`)),
		Entry("one port of two addresses", with(`  parent: {image: x, ports: ["127.0.0.1:80:80", "[::1]:80:80"]}`)),
		Entry("a volume of each user's that is not declared", with("      volumes: [{name: home, target: /h, scope: user}]")),
		Entry("no workspace, and something else in its place",
			with("      workspace: {mode: none}", "      volumes: [{name: a, target: /workspace, scope: user}]")),
		Entry("a real-time signal", with("      stopSignal: SIGRTMIN+3")),
		Entry("available at once", with("    update: {minReady: 0}")),
		Entry("durations of 0 that mean never", with("    lifetime: {warmMaxAge: 0, claimTTL: 0s}")),
	)
})

var _ = Describe("A claim", func() {
	claim := func(specText string) []string {
		return problemsOf("apiVersion: hal/v1alpha1\nkind: Claim\nmetadata: {name: alice}\nspec: " + specText + "\n")
	}

	It("names its pool", func() {
		Expect(claim("{pool: dev}")).To(BeEmpty())
		Expect(claim("{project: /src}")).To(Equal([]string{"pool.yaml:4:7: spec.pool: is required"}))
		Expect(claim("{pool: DEV}")).To(HaveLen(1))
	})
})

var _ = Describe("Validate", func() {
	It("checks what the decoder would, for pools that come another way", func() {
		p := load(smallest)
		p.Spec.Network.Mode = "shard"
		p.Spec.Workers.Warm = -1
		p.Spec.Workers.Template.Resources.CPU = 0
		Expect(spec.Validate(&p)).To(ConsistOf(
			spec.FieldError{Path: "spec.network.mode", Message: `"shard" is none of shared, bridge: did you mean shared?`},
			spec.FieldError{Path: "spec.workers.warm", Message: "-1: it must be at least 0"},
			spec.FieldError{Path: "spec.workers.template.resources.cpu", Message: "0: it must be above 0"},
		))
	})
})
