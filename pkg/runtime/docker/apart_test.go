package docker

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"github.com/docker/docker/api/types/system"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("An engine", func() {
	here := func(change func(*system.Info)) http.HandlerFunc {
		release, err := os.ReadFile("/proc/sys/kernel/osrelease")
		Expect(err).NotTo(HaveOccurred())
		info := system.Info{ID: "x", KernelVersion: strings.TrimSpace(string(release)), MemTotal: meminfo("MemTotal")}
		change(&info)
		return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(info) }
	}

	DescribeTable("has containers that see what is mounted here, or says why not",
		func(change func(*system.Info), reason string) {
			found, err := answering(here(change)).Apart(context.Background())
			Expect(err).NotTo(HaveOccurred())
			Expect(found).To(saying(reason))
		},
		Entry("on this machine", func(*system.Info) {}, ""),
		Entry("in a virtual machine", func(i *system.Info) { i.KernelVersion = "6.6.1-linuxkit" }, "in a virtual one"),
		Entry("of a machine like this one", func(i *system.Info) { i.MemTotal-- }, "another machine"),
		Entry("without root", func(i *system.Info) { i.SecurityOptions = []string{"name=seccomp,profile=default", "name=rootless"} }, "rootless"),
	)
})

func saying(words string) OmegaMatcher {
	if words == "" {
		return BeEmpty()
	}
	return ContainSubstring(words)
}
