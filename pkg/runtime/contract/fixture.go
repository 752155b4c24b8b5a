package contract

import (
	"context"
	"io"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

// Fixture is a runtime to hold to the contract, and ways to do to its engine
// what the runtime itself does not do.
type Fixture struct {
	Runtime runtime.Runtime
	// Store is the same engine's.
	Store runtime.ImageStore
	// Sessions are the same engine's.
	Sessions runtime.Sessions
	// Unreachable is a runtime whose engine cannot be reached.
	Unreachable runtime.Runtime
	// Prefix goes before every name: no two fixtures of an engine share one.
	Prefix string
	// Image has the program testdata/tool as /tool.
	Image string
	// ShellImage has that, and a shell.
	ShellImage string
	// Foreign objects belong to nobody the runtime knows.
	ForeignContainer, ForeignNetwork, ForeignVolume func(name string)
	// TagImage gives Image another name.
	TagImage func(ref string)
	// Pause and Restart do that to a container by hand.
	Pause, Restart func(id string)
	// RestartAlways gives a container an engine's restart policy by hand.
	RestartAlways func(id string)
}

// Specs declares the contract.
func Specs(newFixture func() Fixture) {
	GinkgoHelper()
	for _, declare := range []func(func() *engine){
		listing, creating, starting, stopping, changing, running, sessions, sandboxes, networks, volumes, images, builds, events, trouble,
	} {
		var e *engine
		Context("", func() {
			BeforeEach(func() {
				e = &engine{Fixture: newFixture()}
				DeferCleanup(func(ctx SpecContext) { e.clear(ctx) })
			})
			declare(func() *engine { return e })
		})
	}
}

// engine is a fixture with the specs' vocabulary.
type engine struct{ Fixture }

const (
	// soon is how long a started process, or an event of it, may take.
	soon = 15 * time.Second
	// grace is short, because some specs wait for its end.
	grace = time.Second
)

func (e *engine) pool() string { return e.Prefix + "dev" }

func (e *engine) name(name string) string { return e.Prefix + name }

// worker is the spec of a container that runs the tool with some words.
func (e *engine) worker(name string, words ...string) runtime.ContainerSpec {
	return runtime.ContainerSpec{
		Name:        e.name(name),
		Owner:       runtime.Owner{Pool: e.pool(), Role: runtime.RoleWorker, Revision: "r1", SpecHash: "v1:1"},
		Image:       e.Image,
		Command:     append([]string{"/tool"}, words...),
		StopTimeout: 10 * time.Second,
	}
}

func (e *engine) create(ctx context.Context, spec runtime.ContainerSpec) string {
	GinkgoHelper()
	id, err := e.Runtime.Create(ctx, spec)
	Expect(err).NotTo(HaveOccurred())
	Expect(id).NotTo(BeEmpty())
	return id
}

func (e *engine) start(ctx context.Context, spec runtime.ContainerSpec) string {
	GinkgoHelper()
	id := e.create(ctx, spec)
	Expect(e.Runtime.Start(ctx, id)).To(Succeed())
	return id
}

// sleeper starts a container and waits until its process listens to signals.
func (e *engine) sleeper(ctx context.Context, spec runtime.ContainerSpec) string {
	GinkgoHelper()
	id := e.start(ctx, spec)
	Eventually(func() string { return e.logs(ctx, id, -1) }).WithTimeout(soon).Should(ContainSubstring("ready"))
	return id
}

func (e *engine) network(ctx context.Context, name string) string {
	GinkgoHelper()
	name = e.name(name)
	Expect(e.Runtime.CreateNetwork(ctx, runtime.NetworkSpec{Name: name, Pool: e.pool()})).To(Succeed())
	return name
}

func (e *engine) logs(ctx context.Context, id string, tail int) string {
	GinkgoHelper()
	stream, err := e.Runtime.Logs(ctx, id, tail, false)
	Expect(err).NotTo(HaveOccurred())
	defer stream.Close()
	text, err := io.ReadAll(stream)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// listed is the container of an id as a listing shows it.
func (e *engine) listed(ctx context.Context, id string) runtime.Container {
	GinkgoHelper()
	list, err := e.Runtime.List(ctx, e.pool())
	Expect(err).NotTo(HaveOccurred())
	for _, c := range list {
		if c.ID == id {
			return c
		}
	}
	Fail("container " + id + " is not listed")
	return runtime.Container{}
}

func (e *engine) inspect(ctx context.Context, id string) *runtime.Inspection {
	GinkgoHelper()
	inspection, err := e.Runtime.Inspect(ctx, id)
	Expect(err).NotTo(HaveOccurred())
	return inspection
}

func (e *engine) awaitState(ctx context.Context, id string, state runtime.State) {
	GinkgoHelper()
	Eventually(func() runtime.State { return e.listed(ctx, id).State }).WithTimeout(soon).Should(Equal(state))
}

// clear removes everything that a spec made through the runtime.
func (e *engine) clear(ctx context.Context) {
	GinkgoHelper()
	containers, err := e.Runtime.List(ctx, "")
	Expect(err).NotTo(HaveOccurred())
	var removing sync.WaitGroup
	for _, c := range containers {
		removing.Go(func() {
			defer GinkgoRecover()
			Expect(e.Runtime.Remove(ctx, c.ID)).To(Succeed())
		})
	}
	removing.Wait()
	networks, err := e.Runtime.ListNetworks(ctx, "")
	Expect(err).NotTo(HaveOccurred())
	for _, n := range networks {
		Expect(e.Runtime.RemoveNetwork(ctx, n.Name)).To(Succeed())
	}
	volumes, err := e.Runtime.ListVolumes(ctx, "")
	Expect(err).NotTo(HaveOccurred())
	for _, v := range volumes {
		Expect(e.Runtime.RemoveVolume(ctx, v.Name)).To(Succeed())
	}
}
