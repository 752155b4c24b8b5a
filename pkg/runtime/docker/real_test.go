//go:build e2e

package docker

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

var _ = Describe("A real engine", func() {
	const soon = 10 * time.Second

	// worker is a container of a pool of this spec's own, removed at its end.
	worker := func(name string, words ...string) runtime.ContainerSpec {
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.Remove(ctx, r.instance+"-"+name)).To(Succeed()) })
		return runtime.ContainerSpec{
			Name: r.instance + "-" + name, Image: r.image, Command: append([]string{"/tool"}, words...),
			Owner: runtime.Owner{Pool: "real", Role: runtime.RoleWorker},
		}
	}
	start := func(ctx context.Context, spec runtime.ContainerSpec) string {
		GinkgoHelper()
		id, err := r.engine.Create(ctx, spec)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.engine.Start(ctx, id)).To(Succeed())
		return id
	}
	run := func(ctx context.Context, id string, words ...string) runtime.ExecResult {
		GinkgoHelper()
		result, err := r.engine.Exec(ctx, id, append([]string{"/tool"}, words...))
		Expect(err).NotTo(HaveOccurred())
		return result
	}

	It("says which it is", func(ctx SpecContext) {
		info, err := r.engine.Info(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ID).NotTo(BeEmpty())
		Expect(info.Version).NotTo(BeEmpty())
		Expect(info.Runtimes).To(ContainElement("runc"))
		Expect(info.InitBinary).NotTo(BeEmpty())
		Expect(r.engine.EngineID(ctx)).To(Equal(info.ID))
	})

	It("knows the available memory of an engine on this machine", func(ctx SpecContext) {
		if r.engine.Endpoint().Host != "unix://"+systemSocket {
			Skip("the engine may be elsewhere")
		}
		memory, err := r.engine.Host(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(memory.Available).To(BeNumerically(">", 0))
	})

	It("runs containers that outlive their parent's crash on one localhost", func(ctx SpecContext) {
		net := runtime.NetworkSpec{Name: r.instance + "-net", Pool: "real"}
		Expect(r.engine.CreateNetwork(ctx, net)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.RemoveNetwork(ctx, net.Name)).To(Succeed()) })
		Expect(r.engine.ImportPause(ctx)).To(Succeed())
		sandbox := worker("sandbox")
		sandbox.Image, sandbox.Command, sandbox.Network = runtime.PauseImage, nil, net.Name
		sandbox.Security = runtime.Security{ReadOnlyRootFilesystem: true, NoNewPrivileges: true, CapDrop: []string{"ALL"}}
		sandbox.Limits = runtime.Limits{Memory: 64 << 20, Pids: 32}
		start(ctx, sandbox)
		parent, one := worker("parent", "serve", "127.0.0.1:8000"), worker("0", "sleep")
		parent.Sandbox, one.Sandbox = sandbox.Name, sandbox.Name
		parentID, workerID := start(ctx, parent), start(ctx, one)
		reached := func() string { return run(ctx, workerID, "get", "http://localhost:8000").Output }
		Eventually(reached).WithTimeout(soon).Should(Equal("hello"))
		Expect(r.engine.client.ContainerKill(ctx, parentID, "KILL")).To(Succeed())
		Expect(r.engine.Remove(ctx, parentID)).To(Succeed())
		Expect(reached()).NotTo(Equal("hello"))
		start(ctx, parent)
		Eventually(reached).WithTimeout(soon).Should(Equal("hello"))
	})

	It("finds containers of a network by their alias", func(ctx SpecContext) {
		net := runtime.NetworkSpec{Name: r.instance + "-dns", Pool: "real", Internal: true}
		Expect(r.engine.CreateNetwork(ctx, net)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.RemoveNetwork(ctx, net.Name)).To(Succeed()) })
		parent, one := worker("server", "serve", ":8000"), worker("client", "sleep")
		parent.Network, parent.Aliases, one.Network = net.Name, []string{"parent"}, net.Name
		start(ctx, parent)
		id := start(ctx, one)
		Eventually(func() string { return run(ctx, id, "get", "http://parent:8000").Output }).
			WithTimeout(soon).Should(Equal("hello"))
	})

	It("has limits and security in force", func(ctx SpecContext) {
		spec := worker("tight", "sleep")
		spec.User = "1001:1001"
		spec.Security = runtime.Security{ReadOnlyRootFilesystem: true, NoNewPrivileges: true, CapDrop: []string{"ALL"}}
		spec.Tmpfs = []string{"/tmp"}
		id := start(ctx, spec)
		Expect(run(ctx, id, "write", "/file", "x").Output).To(ContainSubstring("read-only"))
		Expect(run(ctx, id, "write", "/tmp/file", "x").ExitCode).To(BeZero())
		status := run(ctx, id, "cat", "/proc/self/status").Output
		Expect(status).To(MatchRegexp(`Uid:\s+1001\s`))
		Expect(status).To(MatchRegexp(`CapBnd:\s+0000000000000000\n`))
		Expect(status).To(MatchRegexp(`NoNewPrivs:\s+1\n`))
		Expect(status).To(MatchRegexp(`Seccomp:\s+2\n`))
		c, err := r.engine.client.ContainerInspect(ctx, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.HostConfig.Privileged).To(BeFalse())
		Expect(c.HostConfig.LogConfig.Config).To(HaveKeyWithValue("max-size", "10m"))
		Expect(*c.HostConfig.Init).To(BeTrue())
	})

	It("takes a seccomp profile by its content, and shows it", func(ctx SpecContext) {
		path := filepath.Join(GinkgoT().TempDir(), "profile.json")
		profile := `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_ERRNO"}]}`
		Expect(os.WriteFile(path, []byte(profile), 0o600)).To(Succeed())
		spec := worker("seccomp", "sleep")
		spec.Security.SeccompProfile = path
		inspection, err := r.engine.Inspect(ctx, start(ctx, spec))
		Expect(err).NotTo(HaveOccurred())
		Expect(inspection.Spec.Security.SeccompProfile).To(MatchJSON(profile))
	})

	// The engine hears of the kill and of the exit on ways of their own, and once
	// in a while (20.10, under load) of the exit first: then it notes 137 alone.
	It("notes that a container ran out of memory", FlakeAttempts(3), func(ctx SpecContext) {
		spec := worker("hungry", "eat", "200000000")
		spec.Limits.Memory = 32 << 20
		id := start(ctx, spec)
		Eventually(func() (*runtime.Inspection, error) { return r.engine.Inspect(ctx, id) }).WithTimeout(soon).
			Should(And(HaveField("OOMKilled", true), HaveField("ExitCode", 137)))
	})

	DescribeTable("refuses for good what it can never do", func(ctx SpecContext, name string, spoil func(*runtime.ContainerSpec)) {
		spec := worker(name, "sleep")
		spoil(&spec)
		id, err := r.engine.Create(ctx, spec)
		if err == nil {
			err = r.engine.Start(ctx, id)
		}
		Expect(err).To(MatchError(runtime.ErrInvalid))
	},
		Entry("a directory that is not on the host", "bind", func(s *runtime.ContainerSpec) {
			s.Mounts = []runtime.Mount{{Type: runtime.MountBind, Source: "/no/such/directory", Target: "/slot"}}
		}),
		Entry("more cores than there are", "cores", func(s *runtime.ContainerSpec) { s.Limits.CPU = 1e6 }),
		Entry("a runtime that is not installed", "runtime", func(s *runtime.ContainerSpec) { s.Security.Runtime = "none" }),
		Entry("a user that is not in the image", "user", func(s *runtime.ContainerSpec) { s.User = "nobody-knows" }),
	)

	It("starts a container whose command the image does not have, to end with 127 and say why", func(ctx SpecContext) {
		spec := worker("nope")
		spec.Command = []string{"/nope"}
		id := start(ctx, spec)
		Eventually(func() (*runtime.Inspection, error) { return r.engine.Inspect(ctx, id) }).WithTimeout(soon).
			Should(HaveField("ExitCode", 127))
		logs, err := r.engine.Logs(ctx, id, 1, false)
		Expect(err).NotTo(HaveOccurred())
		defer logs.Close()
		Expect(io.ReadAll(logs)).To(ContainSubstring("/nope"))
	})

	It("says that it cannot lift a limit in place", func(ctx SpecContext) {
		spec := worker("limited", "sleep")
		spec.Limits = runtime.Limits{CPU: 500, Memory: 64 << 20, Pids: 10}
		id := start(ctx, spec)
		Expect(r.engine.Update(ctx, id, runtime.Limits{CPU: 500, Pids: 10})).To(MatchError(runtime.ErrInvalid))
	})

	It("lists a container whose labels anyone has spoilt", func(ctx SpecContext) {
		name := r.instance + "-spoilt"
		created, err := r.engine.client.ContainerCreate(ctx, &container.Config{
			Image: r.image, Cmd: []string{"/tool"},
			Labels: map[string]string{labelInstance: r.instance, labelPool: "spoilt", labelRole: "worker", labelOrdinal: "x"},
		}, nil, nil, nil, name)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.Remove(ctx, created.ID)).To(Succeed()) })
		Expect(r.engine.List(ctx, "spoilt")).To(ConsistOf(HaveField("Owner", runtime.Owner{
			Pool: "spoilt", Role: runtime.RoleWorker, Ordinal: unreadable,
		})))
	})

	It("gives the logs of a container with a terminal plain, too", func(ctx SpecContext) {
		created, err := r.engine.client.ContainerCreate(ctx, &container.Config{
			Image: r.image, Cmd: []string{"/tool", "say", "hello"}, Tty: true,
			Labels: map[string]string{labelInstance: r.instance},
		}, nil, nil, nil, r.instance+"-tty")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.Remove(ctx, created.ID)).To(Succeed()) })
		Expect(r.engine.Start(ctx, created.ID)).To(Succeed())
		stream, err := r.engine.Logs(ctx, created.ID, -1, true)
		Expect(err).NotTo(HaveOccurred())
		defer stream.Close()
		Expect(io.ReadAll(stream)).To(BeEquivalentTo("hello\r\n"))
	})

	It("leaves neither container nor volume of an export, also of one that was broken off", func(ctx SpecContext) {
		id := r.build(ctx, "VOLUME /data")
		left := func() []string {
			containers, err := r.engine.client.ContainerList(ctx, container.ListOptions{
				All: true, Filters: filters.NewArgs(filters.Arg("ancestor", id)),
			})
			Expect(err).NotTo(HaveOccurred())
			var volumes []string
			for _, c := range containers {
				Expect(c.State).To(BeEquivalentTo("created"), "it is never started")
				Expect(c.Labels).To(HaveKeyWithValue(labelOneOff, "export"))
				Expect(c.Labels).NotTo(HaveKey(labelInstance), "no controller takes it for its own")
				volumes = append(volumes, c.Mounts[0].Name)
			}
			return volumes
		}
		breaking, stop := context.WithCancel(ctx)
		body, err := r.engine.ExportImage(breaking, id)
		Expect(err).NotTo(HaveOccurred())
		volumes := left()
		Expect(volumes).To(HaveLen(1))
		stop()
		Expect(body.Close()).To(Succeed())
		Expect(left()).To(BeEmpty())
		_, err = r.engine.client.VolumeInspect(ctx, volumes[0])
		Expect(errdefs.IsNotFound(err)).To(BeTrue())

		_, err = r.engine.ExportImage(breaking, id)
		Expect(err).To(MatchError(context.Canceled))
		Expect(left()).To(BeEmpty())
	})

	It("ends a build, with its container, when the caller is gone", func(ctx SpecContext) {
		running := func() ([]container.Summary, error) {
			return r.engine.client.ContainerList(ctx, container.ListOptions{
				Filters: filters.NewArgs(filters.Arg("ancestor", r.image)),
			})
		}
		leaving, leave := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() {
			_, err := r.engine.BuildImage(leaving, r.recipe(`RUN ["/tool","stubborn"]`))
			ended <- err
		}()
		Eventually(running).WithTimeout(soon).Should(HaveLen(1))
		leave()
		Eventually(ended).WithTimeout(soon).Should(Receive(MatchError(context.Canceled)))
		Eventually(running).WithTimeout(soon).Should(BeEmpty())
	})
})
