package reconcile_test

import (
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Package reconcile", func() {
	It("needs the manifest and the idea of an engine, and neither Docker nor files", func() {
		out, err := exec.Command("go", "list", "-deps", ".").Output()
		Expect(err).NotTo(HaveOccurred())
		var ours []string
		for _, path := range strings.Fields(string(out)) {
			Expect(path).NotTo(HavePrefix("github.com/docker/"))
			Expect(path).NotTo(HavePrefix("github.com/fsnotify/"))
			if strings.HasPrefix(path, "hal-controller/") {
				ours = append(ours, path)
			}
		}
		Expect(ours).To(ConsistOf("hal-controller/pkg/spec", "hal-controller/pkg/runtime", "hal-controller/pkg/reconcile"))
	})
})
