package contract

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func listing(at func() *engine) {
	Describe("List", func() {
		It("shows a container as it was declared, in any state, without an inspection", func(ctx SpecContext) {
			e := at()
			spec := e.worker("0", "sleep")
			spec.Owner.Ordinal = 7
			before := time.Now()
			id := e.create(ctx, spec)
			c := e.listed(ctx, id)
			Expect(c.Name).To(Equal(spec.Name))
			Expect(c.Owner).To(Equal(spec.Owner))
			Expect(c.State).To(Equal(runtime.StateCreated))
			Expect(c.Image).To(Equal(e.Image))
			Expect(c.ImageID).NotTo(BeEmpty())
			Expect(c.SandboxID).To(BeEmpty())
			Expect(c.Inspection).To(BeNil())
			Expect(c.Created).To(BeTemporally("~", before, 5*time.Second))
			Expect(c.Created.Nanosecond()).To(BeZero())
		})

		It("shows the containers of a pool, of all pools when asked for none, and no foreign one", func(ctx SpecContext) {
			e := at()
			e.ForeignContainer(e.name("foreign"))
			mine, other := e.worker("0", "sleep"), e.worker("1", "sleep")
			other.Owner.Pool = e.name("other")
			a, b := e.create(ctx, mine), e.create(ctx, other)
			Expect(ids(e.Runtime.List(ctx, e.pool()))).To(ConsistOf(a))
			Expect(ids(e.Runtime.List(ctx, other.Owner.Pool))).To(ConsistOf(b))
			Expect(ids(e.Runtime.List(ctx, ""))).To(ConsistOf(a, b))
		})

		It("keeps what an owner of another role says of itself", func(ctx SpecContext) {
			e := at()
			spec := e.worker("chroma", "sleep")
			spec.Owner = runtime.Owner{Pool: e.pool(), Role: runtime.RoleService, Service: "chroma", SpecHash: "v1:2"}
			Expect(e.listed(ctx, e.create(ctx, spec)).Owner).To(Equal(spec.Owner))
		})
	})

	Describe("Inspect", func() {
		It("shows the spec that was asked for, field by field", func(ctx SpecContext) {
			e := at()
			volume := e.name("data")
			spec := e.worker("0", "sleep")
			spec.User = "1001:1001"
			spec.Env = []runtime.EnvVar{{Name: "LANG", Value: "C.UTF-8"}, {Name: "EMPTY"}, {Name: "EQUALS", Value: "a=b"}}
			spec.Labels = map[string]string{"team": "core"}
			spec.Network, spec.Aliases = e.network(ctx, "net"), []string{"db"}
			spec.Ports = []runtime.Port{
				{HostIP: "127.0.0.1", ContainerPort: 8000, Protocol: "tcp"},
				{HostIP: "127.0.0.1", ContainerPort: 8001, Protocol: "udp"},
			}
			spec.Mounts = []runtime.Mount{
				{Type: runtime.MountVolume, Source: volume, Target: "/data"},
				{Type: runtime.MountBind, Source: "/tmp", Target: "/slot", ReadOnly: true, Propagation: "rslave"},
			}
			spec.Tmpfs = []string{"/run", "/tmp"}
			spec.Limits = runtime.Limits{CPU: 500, Memory: 64 << 20, Pids: 20}
			spec.StopSignal, spec.StopTimeout = "SIGINT", 1500*time.Millisecond
			spec.Security = runtime.Security{
				ReadOnlyRootFilesystem: true, NoNewPrivileges: true,
				CapDrop: []string{"ALL"}, CapAdd: []string{"CHOWN"},
			}
			Expect(e.Runtime.CreateVolume(ctx, runtime.VolumeSpec{Name: volume, Pool: e.pool()})).To(Succeed())
			got := e.inspect(ctx, e.create(ctx, spec))
			for _, want := range spec.Env {
				Expect(got.Spec.Env).To(ContainElement(want))
			}
			Expect(got.RestartPolicy).To(Equal("no"))
			spec.StopTimeout = 2 * time.Second // to the second, rounded up
			got.Spec.Env, spec.Env = nil, nil
			got.Spec.Security.Runtime = "" // the engine's default by name, or empty
			Expect(got.Spec).To(Equal(spec))
		})

		It("is ErrNotFound for a container that does not exist", func(ctx SpecContext) {
			_, err := at().Runtime.Inspect(ctx, missing)
			Expect(err).To(MatchError(runtime.ErrNotFound))
		})
	})
}

// missing is an id as an engine makes them, of no container.
const missing = "5f0c38cf0e1f1b9ae6ee3a1c0a6b6d9c5f0c38cf0e1f1b9ae6ee3a1c0a6b6d9c"

func ids(containers []runtime.Container, err error) []string {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	var out []string
	for _, c := range containers {
		out = append(out, c.ID)
	}
	return out
}
