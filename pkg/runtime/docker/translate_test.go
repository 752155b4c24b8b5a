package docker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

var _ = Describe("Labels", func() {
	e := &Engine{instance: "default"}

	DescribeTable("keep an owner", func(owner runtime.Owner) {
		Expect(ownerOf(e.containerLabels(nil, owner))).To(Equal(owner))
	},
		Entry("a worker", runtime.Owner{Pool: "dev", Role: runtime.RoleWorker, Ordinal: 0, Revision: "a", SpecHash: "v1:b"}),
		Entry("a service", runtime.Owner{Pool: "dev", Role: runtime.RoleService, Service: "chroma", SpecHash: "v1:b"}),
		Entry("a sandbox", runtime.Owner{Pool: "dev", Role: runtime.RoleSandbox}),
	)

	It("cannot be overruled by the user's", func() {
		labels := e.containerLabels(map[string]string{labelInstance: "other", labelRole: "worker", "team": "core"},
			runtime.Owner{Pool: "dev", Role: runtime.RoleParent})
		Expect(e.owns(labels)).To(BeTrue())
		Expect(labels).To(HaveKeyWithValue(labelRole, "parent"))
		Expect(usersLabels(labels)).To(Equal(map[string]string{"team": "core"}))
	})

	DescribeTable("with an ordinal that is none are not worker 0", func(label string) {
		Expect(ownerOf(map[string]string{labelRole: "worker", labelOrdinal: label}).Ordinal).To(Equal(unreadable))
	}, Entry("missing", ""), Entry("a word", "x"), Entry("negative", "-3"), Entry("too large", "99999999999999999999"))
})

var _ = Describe("A request", func() {
	e := &Engine{instance: "default"}

	It("never asks for privileges, a restart policy, swap or logs without end", func() {
		r, err := e.request(runtime.ContainerSpec{Image: "i", Limits: runtime.Limits{Memory: 64 << 20}})
		Expect(err).NotTo(HaveOccurred())
		Expect(r.host.Privileged).To(BeFalse())
		Expect(string(r.host.RestartPolicy.Name)).To(Equal("no"))
		Expect(r.host.MemorySwap).To(Equal(r.host.Memory))
		Expect(*r.host.Init).To(BeTrue())
		Expect(r.host.LogConfig.Config).To(HaveKey("max-size"))
	})

	It("is refused for a seccomp profile that is no JSON", func() {
		path := filepath.Join(GinkgoT().TempDir(), "profile.json")
		Expect(os.WriteFile(path, []byte("{"), 0o600)).To(Succeed())
		_, err := e.request(runtime.ContainerSpec{Security: runtime.Security{SeccompProfile: path}})
		Expect(err).To(MatchError(runtime.ErrInvalid))
		Expect(err).To(MatchError(ContainSubstring(path)))
		_, err = e.request(runtime.ContainerSpec{Security: runtime.Security{SeccompProfile: path + "x"}})
		Expect(err).To(MatchError(os.ErrNotExist))
	})
})

var _ = Describe("An inspection", func() {
	It("leaves out what engines add to a spec", func() {
		spec := specOf(container.InspectResponse{
			ContainerJSONBase: &container.ContainerJSONBase{
				ID: "0123456789abcdef", Name: "/hal-dev-0",
				HostConfig: &container.HostConfig{
					NetworkMode: "hal-dev", CapDrop: []string{"ALL"}, CapAdd: []string{"CAP_CHOWN"},
					Resources: container.Resources{PidsLimit: pointer(int64(-1))},
				},
			},
			Config: &container.Config{Labels: map[string]string{labelPool: "dev", "a": "b"}},
			NetworkSettings: &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{
				"hal-dev": {Aliases: []string{"parent", "0123456789ab"}},
			}},
		})
		Expect(spec.Name).To(Equal("hal-dev-0"))
		Expect(spec.Aliases).To(Equal([]string{"parent"}))
		Expect(spec.Security.CapAdd).To(Equal([]string{"CHOWN"}))
		Expect(spec.Labels).To(Equal(map[string]string{"a": "b"}))
		Expect(spec.Limits).To(BeZero())
		Expect(spec.StopTimeout).To(Equal(engineStopTimeout))
	})

	It("has no time for what never was", func() {
		Expect(timeOf("0001-01-01T00:00:00Z")).To(BeZero())
		Expect(timeOf("")).To(BeZero())
	})
})

var _ = Describe("A listing", func() {
	DescribeTable("finds a container's own name", func(names []string, want string) {
		Expect(ownName(names)).To(Equal(want))
	},
		Entry("alone", []string{"/hal-dev-0"}, "hal-dev-0"),
		Entry("among links", []string{"/other/alias", "/hal-dev-0"}, "hal-dev-0"),
		Entry("of one that is being made", nil, ""),
	)
})

var _ = Describe("The pause image's binary", func() {
	It("must be a static Linux program", func() {
		dir := GinkgoT().TempDir()
		text := filepath.Join(dir, "text")
		Expect(os.WriteFile(text, []byte("#!/bin/sh\n"), 0o700)).To(Succeed())
		Expect(runsAlone(text)).To(MatchError(And(ContainSubstring("is no Linux binary"), ContainSubstring("`make build`"))))
		Expect(runsAlone("/bin/sh")).To(MatchError(And(ContainSubstring("is linked dynamically"), ContainSubstring("`make build`"))))
		Expect(runsAlone(filepath.Join(dir, "none"))).To(MatchError(os.ErrNotExist))
	})

	It("may be what Go builds without C", func(ctx SpecContext) {
		tool := filepath.Join(GinkgoT().TempDir(), "tool")
		build := exec.CommandContext(ctx, "go", "build", "-o", tool, "hal-controller/pkg/runtime/contract/testdata/tool")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		output, err := build.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
		Expect(runsAlone(tool)).To(Succeed())
	})

	It("that the engine does not take is an error, though it answered 200 first", func() {
		Expect(importResult(strings.NewReader(`{"status":"x"}{"errorDetail":{"message":"no"},"error":"no space"}`))).
			To(MatchError("no space"))
		Expect(importResult(strings.NewReader(`{"status":"sha256:1"}`))).To(Succeed())
	})
})

var _ = Describe("The output of a command", func() {
	It("keeps its end, whatever the pieces", func() {
		var t tail
		for range 1000 {
			_, _ = t.Write([]byte("0123456789"))
		}
		_, _ = t.Write([]byte("end"))
		Expect(t).To(HaveLen(outputKept))
		Expect(string(t)).To(HaveSuffix("6789end"))
	})
})

var _ = Describe("An image in a listing", func() {
	DescribeTable("has the names by which it can be asked for, each once",
		func(tags, digests, names []string) {
			Expect(namesOf(image.Summary{ID: "sha256:1", RepoTags: tags, RepoDigests: digests})).To(Equal(names))
		},
		Entry("none", []string{"<none>:<none>"}, []string{"<none>@<none>"}, nil),
		Entry("a tag", []string{"a:v1"}, nil, []string{"a:v1"}),
		Entry("a tag, and a registry's digest", []string{"a:v1"}, []string{"a@sha256:2"}, []string{"a:v1", "a@sha256:2"}),
		Entry("a tag, once more as its own id", []string{"a:v1"}, []string{"a@sha256:1"}, []string{"a:v1"}),
		Entry("a digest alone, which is its id", nil, []string{"a@sha256:1"}, []string{"a@sha256:1"}),
	)
})

var _ = Describe("/proc/meminfo", func() {
	It("is read in bytes, and what is not in it is not known", func() {
		text := "MemTotal:       24690012 kB\nMemAvailable:   20000000 kB\nOdd: x kB\n"
		Expect(parseMeminfo(text, "MemAvailable")).To(Equal(int64(20000000 << 10)))
		Expect(parseMeminfo(text, "Mem")).To(Equal(int64(-1)))
		Expect(parseMeminfo(text, "Odd")).To(Equal(int64(-1)))
	})
})
