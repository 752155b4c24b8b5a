package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	apifake "hal-controller/pkg/api/fake"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = DescribeTable("A check of doctor",
	func(got check, result, message string) {
		Expect(got.Result).To(Equal(result))
		Expect(got.Message).To(Equal(message))
		if result == resultOK {
			Expect(got.Fix).To(BeEmpty())
		} else {
			Expect(got.Fix).NotTo(BeEmpty(), "what is not well has a way out")
		}
	},
	Entry("accepts the oldest engine", versionCheck(docker.Info{Version: "20.10.24", APIVersion: "1.41"}), resultOK, "version 20.10.24, API 1.41"),
	Entry("accepts a newer one", versionCheck(docker.Info{Version: "29.0", APIVersion: "1.100"}), resultOK, "version 29.0, API 1.100"),
	Entry("refuses an older one", versionCheck(docker.Info{Version: "19.03", APIVersion: "1.40"}), resultFailed, "version 19.03, API 1.40"),
	Entry("compares numbers, not text", versionCheck(docker.Info{Version: "1.7", APIVersion: "1.9"}), resultFailed, "version 1.7, API 1.9"),
	Entry("accepts a storage driver", storageCheck("overlay2"), resultOK, "overlay2"),
	Entry("warns of vfs", storageCheck("vfs"), resultWarning, "vfs copies a whole image for every container: slow, and large on disk"),
	Entry("names the cgroup version", cgroupCheck(docker.Info{CgroupVersion: "2", CgroupDriver: "systemd"}), resultOK, "version 2"),
	Entry("refuses Podman", versionCheck(docker.Info{Version: "4.3.1", APIVersion: "1.41", Podman: true}), resultFailed, "Podman version 4.3.1, API 1.41"),
	Entry("warns where cgroups are not used", cgroupCheck(docker.Info{CgroupVersion: "1", CgroupDriver: "none"}), resultWarning, "the engine may not use any, as without root on version 1: limits are taken and not kept"),
	Entry("warns where there are no cgroups", cgroupCheck(docker.Info{}), resultWarning, "the engine does not tell of any: limits may not hold"),
	Entry("accepts an init process", initCheck("docker-init"), resultOK, "docker-init"),
	Entry("refuses an engine without one", initCheck(""), resultFailed, "the engine has none to put into containers"),
	Entry("names the memory", memoryCheck(runtime.Host{Total: 8 << 30, Available: 5 << 30}, nil), resultOK, "8Gi in all, 5Gi available"),
	Entry("does not guess what is available", memoryCheck(runtime.Host{Total: 8 << 30, Available: -1}, nil), resultOK, "8Gi in all"),
	Entry("warns where the limits do not fit", memoryCheck(runtime.Host{Total: 8 << 30, Available: -1}, poolsIn(devPool)), resultWarning, "8Gi in all; the limits of what is declared come to 12Gi"),
	Entry("says that no daemon runs", daemonCheck(api.Info{}, api.ErrNoDaemon, "/run/hal.sock"), resultOK, "none runs at /run/hal.sock"),
	Entry("warns of a daemon of another version", daemonCheck(api.Info{PID: 7, Version: "v2"}, nil, ""), resultWarning, "process 7 is version v2, and this is devel"),
	Entry("fails where the daemon does not answer rightly", daemonCheck(api.Info{}, errors.New("no permission"), ""), resultFailed, "no permission"),
	Entry("knows nothing of the access to a remote engine", accessCheck(docker.Endpoint{Host: "tcp://there:2376"}), resultOK, "the endpoint is no socket of this machine"),
	Entry("fails where the socket is not there", accessCheck(docker.Endpoint{Host: "unix:///nowhere/docker.sock"}), resultFailed, "/nowhere/docker.sock: no such file or directory"),
)

var _ = Describe("The runtimes check", func() {
	gvisor := poolsIn(withImage(devPool, "hal/worker\n      security: {runtime: runsc}"))
	It("is left out where no manifest names one", func() {
		_, needed := runtimesCheck([]string{"runc"}, poolsIn(devPool))
		Expect(needed).To(BeFalse())
	})
	It("fails where the engine does not have it", func() {
		c, needed := runtimesCheck([]string{"runc"}, gvisor)
		Expect(needed).To(BeTrue())
		Expect(c.Result).To(Equal(resultFailed))
		Expect(c.Message).To(Equal("the engine has runc, and not runsc"))
	})
	It("accepts it where it has", func() {
		c, _ := runtimesCheck([]string{"runc", "runsc"}, gvisor)
		Expect(c.Result).To(Equal(resultOK))
	})
})

var _ = Describe("The image checks", func() {
	It("are one for each image that a manifest names, with the way to get it", func() {
		engine := fake.New(time.Now)
		engine.AddImage("hal/worker")
		pools := poolsIn(devPool + "  parent: {image: hal/parent}\n")
		Expect(imageChecks(context.Background(), engine, pools)).To(Equal([]check{
			{"image hal/parent", resultFailed, "the engine does not have it", "docker pull hal/parent, or build it"},
			{"image hal/worker", resultOK, "there", ""},
		}))
	})
	It("accept the pause image that is there", func() {
		engine := fake.New(time.Now)
		engine.AddImage(runtime.PauseImage)
		Expect(pauseImageCheck(context.Background(), engine).Result).To(Equal(resultOK))
	})
})

var _ = Describe("The state directory check", func() {
	It("accepts one that can be written", func() {
		dir := GinkgoT().TempDir()
		Expect(stateDirCheck(dir).Message).To(Equal(dir))
	})
	It("accepts one that can be made, and makes none", func() {
		dir := filepath.Join(GinkgoT().TempDir(), "a", "b")
		Expect(stateDirCheck(dir)).To(HaveField("Message", dir+" is made when it is first needed"))
		Expect(filepath.Dir(dir)).NotTo(BeADirectory())
	})
	It("fails below a file", func() {
		file := manifest(devPool)
		Expect(stateDirCheck(filepath.Join(file, "state")).Result).To(Equal(resultFailed))
	})
})

var _ = Describe("The lock check", func() {
	It("does not keep the lock", func() {
		engine := fmt.Sprint("doctor-test-", os.Getpid())
		Expect(lockCheck(engine, "default").Result).To(Equal(resultOK))
		Expect(lockCheck(engine, "default").Result).To(Equal(resultOK))
	})
})

var _ = Describe("doctor", func() {
	It("ends with 4 without an engine, and still tells of the rest", func() {
		result := hal("doctor")
		Expect(result.code).To(Equal(exitUnavailable))
		Expect(result.out).To(And(
			MatchRegexp(`(?m)^ok       engine endpoint: unix://\S+/docker.sock \(DOCKER_HOST\)$`),
			MatchRegexp(`(?m)^failed   engine: .*\n         start it, or choose another`),
			MatchRegexp(`(?m)^ok       state directory: `),
			MatchRegexp(`(?m)^ok       daemon: none runs at `),
		))
	})
	It("tells of the daemon", func() {
		serving(&apifake.Backend{})
		Expect(hal("doctor").out).To(ContainSubstring("warning  daemon: process 1 is version fake, and this is devel\n"))
	})
	It("says what is wrong with where the engine should be", func() {
		GinkgoT().Setenv("DOCKER_HOST", "ssh://there")
		result := hal("doctor")
		Expect(result.out).To(HavePrefix("failed   engine endpoint: engine at ssh://there"))
		Expect(result.code).To(Equal(exitUnavailable))
	})
	It("has a JSON form", func() {
		var report doctorReport
		Expect(json.Unmarshal([]byte(hal("doctor", "-o", "json").out), &report)).To(Succeed())
		Expect(report.Checks[0]).To(And(HaveField("Name", "engine endpoint"), HaveField("Result", resultOK)))
	})
	It("ends with 2 for a manifest that is invalid", func() {
		Expect(hal("doctor", "-f", manifest(badPool)).code).To(Equal(exitUsage))
	})
})

func poolsIn(text string) []*spec.Pool {
	objects, problems := spec.Load("pool.yaml", []byte(text))
	if problems.Err() != nil {
		panic(problems)
	}
	return poolsOf(objects)
}
