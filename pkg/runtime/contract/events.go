package contract

import (
	"context"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

// recording is what came of a stream of events.
type recording struct {
	mu     sync.Mutex
	events []runtime.Event
	ended  chan error
}

func (r *recording) all() []runtime.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// record subscribes, and returns once the engine has accepted it.
func (e *engine) record(ctx context.Context) *recording {
	GinkgoHelper()
	r := &recording{ended: make(chan error, 1)}
	opened := make(chan struct{})
	go func() {
		r.ended <- e.Runtime.Events(ctx, func() { close(opened) }, func(event runtime.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, event)
		})
	}()
	Eventually(opened).WithTimeout(soon).Should(BeClosed())
	return r
}

func events(at func() *engine) {
	Describe("Events", func() {
		It("tell of every change of a container, with its pool", func(ctx SpecContext) {
			e := at()
			r := e.record(ctx)
			id := e.sleeper(ctx, e.worker("0", "sleep"))
			Expect(e.Runtime.Update(ctx, id, runtime.Limits{CPU: 500, Memory: 64 << 20})).To(Succeed())
			Expect(e.Runtime.Rename(ctx, id, e.name("0.claim"))).To(Succeed())
			e.Pause(id)
			Expect(e.Runtime.Stop(ctx, id)).To(Succeed())
			Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
			for _, action := range []string{"create", "start", "update", "rename", "pause", "die", "stop", "destroy"} {
				Eventually(r.all).WithTimeout(soon).Should(ContainElement(
					runtime.Event{Kind: runtime.EventContainer, Action: action, ID: id, Pool: e.pool()}))
			}
		})

		It("tell of networks and volumes by name, with their pool", func(ctx SpecContext) {
			e := at()
			old := runtime.VolumeSpec{Name: e.name("old"), Pool: e.pool()}
			Expect(e.Runtime.CreateVolume(ctx, old)).To(Succeed())
			r := e.record(ctx)
			net := e.network(ctx, "net")
			made := runtime.Event{Kind: runtime.EventNetwork, Action: "create", ID: net, Pool: e.pool()}
			Eventually(r.all).WithTimeout(soon).Should(ContainElement(made)) // one that is gone by then is nobody's
			Expect(e.Runtime.RemoveNetwork(ctx, net)).To(Succeed())
			Expect(e.Runtime.RemoveVolume(ctx, old.Name)).To(Succeed())
			Expect(e.Runtime.CreateVolume(ctx, old)).To(Succeed())
			for _, want := range []runtime.Event{
				{Kind: runtime.EventNetwork, Action: "destroy", ID: net, Pool: e.pool()},
				{Kind: runtime.EventVolume, Action: "destroy", ID: old.Name, Pool: e.pool()},
				{Kind: runtime.EventVolume, Action: "create", ID: old.Name, Pool: e.pool()},
			} {
				Eventually(r.all).WithTimeout(soon).Should(ContainElement(want))
			}
		})

		It("tell of images, which are no pool's", func(ctx SpecContext) {
			e := at()
			r := e.record(ctx)
			ref := e.name("image") + ":v1"
			e.TagImage(ref)
			Eventually(r.all).WithTimeout(soon).Should(ContainElement(
				runtime.Event{Kind: runtime.EventImage, Action: "tag", ID: ref}))
		})

		It("do not tell of foreign objects, nor of commands run in containers", func(ctx SpecContext) {
			e := at()
			r := e.record(ctx)
			e.ForeignContainer(e.name("foreign"))
			e.ForeignNetwork(e.name("foreign"))
			e.ForeignVolume(e.name("foreign"))
			id := e.start(ctx, e.worker("0", "sleep"))
			_, err := e.Runtime.Exec(ctx, id, []string{"/tool", "say", "hello"})
			Expect(err).NotTo(HaveOccurred())
			Expect(e.Runtime.Remove(ctx, id)).To(Succeed())
			destroyed := runtime.Event{Kind: runtime.EventContainer, Action: "destroy", ID: id, Pool: e.pool()}
			Eventually(r.all).WithTimeout(soon).Should(ContainElement(destroyed))
			for _, event := range r.all() {
				Expect(event.Action).NotTo(HavePrefix("exec"))
				if event.Kind != runtime.EventImage {
					Expect(event.Pool).To(Equal(e.pool()))
				}
			}
		})

		It("reach every subscriber, and end with the context", func(ctx SpecContext) {
			e := at()
			one, cancel := context.WithCancel(ctx)
			defer cancel()
			first, second := e.record(one), e.record(ctx)
			e.create(ctx, e.worker("0", "sleep"))
			Eventually(first.all).WithTimeout(soon).Should(ContainElement(HaveField("Action", "create")))
			Eventually(second.all).WithTimeout(soon).Should(ContainElement(HaveField("Action", "create")))
			cancel()
			Eventually(first.ended).WithTimeout(soon).Should(Receive(MatchError(context.Canceled)))
			Expect(second.ended).NotTo(Receive())
		})
	})
}
