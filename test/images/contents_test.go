//go:build e2e

package images_test

import (
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// megabyte is the unit of `docker images`.
const megabyte = 1e6

// bounds are what the images may have at most, in megabytes. An update that goes
// beyond one is to be looked at, and the bound then raised on purpose.
var bounds = map[string]int64{
	"hal/base":            40,
	"hal/node":            150,
	"hal/parent":          210,
	"hal/mcp":             175,
	"hal/worker-ultramin": 430,
	"hal/worker-minimal":  540,
	"hal/worker-python":   620,
	"hal/worker-node":     820,
	"hal/worker-go":       840,
	"hal/worker-java":     910,
}

var (
	services = []string{"hal/parent", "hal/mcp"}
	workers  = []string{
		"hal/worker-ultramin", "hal/worker-minimal", "hal/worker",
		"hal/worker-python", "hal/worker-node", "hal/worker-go", "hal/worker-java",
	}
)

// toolchains are what a profile is for, and the package manager.
var toolchains = map[string]string{
	"hal/worker-python": "python3 --version && pip --version && python3 -m venv /tmp/venv",
	"hal/worker-node":   "node --version && npm --version && node -e 'console.log(1)'",
	"hal/worker-go":     "cd /tmp && printf 'package main\nfunc main() {}\n' >main.go && HOME=/tmp go run main.go",
	"hal/worker-java":   "cd /tmp && echo 'class A { public static void main(String[] a) {} }' >A.java && java A.java && mvn --version",
}

// allowed is how large an image may be, in MB. With containerd's store (2.0 beta) a file
// takes whole blocks, which is some percent more where there are many small ones.
func allowed(image string) int64 {
	if docker("info", "--format", "{{.Driver}}") == "overlayfs" {
		return bounds[image] * 108 / 100
	}
	return bounds[image]
}

// unpacked adds up the layers of an image: what an engine says of the whole has the
// packed ones in it, too, where it keeps those (2.0 beta, with containerd's store).
func unpacked(image string) (total int64) {
	for line := range strings.Lines(docker("history", "--human=false", "--format", "{{.Size}}", image)) {
		size, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		Expect(err).NotTo(HaveOccurred())
		total += size
	}
	return total
}

var _ = Describe("An image", func() {
	for image := range bounds {
		It("is no larger than its bound: "+image, func() {
			Expect(unpacked(image) / megabyte).To(BeNumerically("<=", allowed(image)))
		})
	}

	for image := range bounds {
		It("says what it is and what it was made from: "+image, func() {
			for label, want := range map[string]string{
				"title": "^" + image + "$", "version": ".+", "revision": `^([0-9a-f]{16}|[0-9a-f]{40}|unknown)$`,
				"base.name": "^hal/", "base.digest": "^sha256:[0-9a-f]{64}$",
			} {
				Expect(docker("image", "inspect", "--format", `{{index .Config.Labels "org.opencontainers.image.`+label+`"}}`, image)).
					To(MatchRegexp(want), label)
			}
		})
	}

	for image := range bounds {
		It("has all libraries, and no file that all may write or that runs as another user: "+image, func() {
			c := run("--user", "root", image, "sleep", "infinity")
			found := c.exec(`
				find / -xdev -type f \( -perm -0002 -o -perm /6000 \) -print
				find / -xdev -type d -perm -0002 ! -path /tmp ! -path /var/tmp ! -path /run/lock ! -path /run/secrets ! -path /dev/shm -print
				find / -xdev -type f \( -perm -0100 -o -name '*.so*' \) ! -path '/usr/share/*' ! -path '/usr/lib/jvm/*' -exec ldd {} + 2>/dev/null |
					grep -E '^/|not found' | grep -B 1 'not found'`, "sh")
			Expect(found.Out).To(BeEmpty())
		})
	}

	for _, image := range append(services, workers...) {
		It("runs as the user 1001: "+image, func() {
			c := run("--entrypoint", "sleep", image, "infinity")
			Expect(c.exec("", "id").Out).To(HavePrefix("uid=1001(claude) gid=1001(claude) groups=1001(claude)"))
		})
	}

	for _, image := range workers {
		It("has Claude Code: "+image, func() {
			Expect(run(image).exec("", "claude", "--version").Out).To(MatchRegexp(`^\d+\.\d+\.\d+ \(Claude Code\)`))
		})
	}

	for image, script := range toolchains {
		It("has its language: "+image, func() {
			got := run(image).exec("", "bash", "-c", script)
			Expect(got.Code).To(BeZero(), "%s%s", got.Out, got.Err)
		})
	}

	It("shares the layers that it is built on, Claude Code's binary among them", func() {
		for _, on := range []struct{ image, base string }{
			{"hal/worker-ultramin", "hal/base"},
			{"hal/worker-minimal", "hal/worker-ultramin"},
			{"hal/worker-python", "hal/worker-minimal"},
			{"hal/worker-node", "hal/worker-minimal"},
			{"hal/worker-go", "hal/worker-minimal"},
			{"hal/worker-java", "hal/worker-minimal"},
			{"hal/parent", "hal/node"},
			{"hal/mcp", "hal/node"},
		} {
			Expect(layers(on.image)).To(HavePrefix(layers(on.base)), "%s on %s", on.image, on.base)
		}
		Expect(docker("image", "inspect", "--format", "{{.Id}}", "hal/worker")).
			To(Equal(docker("image", "inspect", "--format", "{{.Id}}", "hal/worker-minimal")))
	})

	It("has no second copy of Claude Code, and no npm beside it", func() {
		c := run("hal/worker")
		Expect(strings.Fields(c.exec("", "find", "/", "-xdev", "-size", "+100M").Out)).To(Equal([]string{"/opt/claude-code/claude"}))
		Expect(c.exec("", "sh", "-c", "command -v npm node").Code).NotTo(BeZero())
	})
})

func layers(image string) string {
	GinkgoHelper()
	return docker("image", "inspect", "--format", "{{range .RootFS.Layers}}{{.}} {{end}}", image)
}
