//go:build e2e

package e2e_test

import (
	"context"
	"net"

	"github.com/docker/docker/api/types/network"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("Two pools", func() {
	It("do not see each other", func() {
		w := newWorld()
		here, there := w.pool("here", 1), w.pool("there", 1)
		here.Spec.Network.Mode = spec.NetworkBridge
		withParent(here)
		withParent(there)
		w.write("pools.yaml", here, there)
		w.start(w.dir)
		inHere, inThere := w.settle(here.Metadata.Name, 1)[0], w.settle(there.Metadata.Name, 1)[0]
		nameHere := "hal-" + here.Metadata.Name + "-parent"
		parent := w.address(w.container(here.Metadata.Name, nameHere).ID)
		sandbox := w.address(w.container(there.Metadata.Name, "hal-"+there.Metadata.Name+"-sandbox").ID)

		By("address")
		Expect(w.reach(inHere.ID, parent, "8000")).To(exitWith(0))
		Expect(w.reach(inThere.ID, parent, "8000")).NotTo(exitWith(0))
		Expect(w.reach(inThere.ID, sandbox, "8000")).To(exitWith(0))
		Expect(w.reach(inHere.ID, sandbox, "8000")).NotTo(exitWith(0))
		By("name")
		Expect(w.run(inHere.ID, "getent hosts "+nameHere)).To(exitWith(0))
		Expect(w.run(inThere.ID, "getent hosts "+nameHere)).NotTo(exitWith(0))
	})
})

var _ = Describe("An internal network", func() {
	It("has no way out, and is otherwise a network", func(ctx SpecContext) {
		w := newWorld()
		inner, outer := w.pool("inner", 1), w.pool("outer", 1)
		inner.Spec.Network = spec.Network{Mode: spec.NetworkBridge, Internal: true}
		inner.Spec.Parent = &spec.Service{Image: parentImage, Resources: small()}
		w.write("pools.yaml", inner, outer)
		w.start(w.dir)
		inside, outside := w.settle(inner.Metadata.Name, 1)[0], w.settle(outer.Metadata.Name, 1)[0]

		host, port := w.listenOn(ctx, "hal-"+outer.Metadata.Name)
		Expect(w.reach(outside.ID, host, port)).To(exitWith(0))
		Expect(w.reach(inside.ID, host, port)).NotTo(exitWith(0))
		Eventually(func() string { return w.visit(inside.ID, "parent") }).Should(ContainSubstring(`"hits"`))
	})
})

// listenOn listens at this host's address on a network of the engine's.
func (w *world) listenOn(ctx context.Context, name string) (host, port string) {
	GinkgoHelper()
	found, err := w.api.NetworkInspect(ctx, name, network.InspectOptions{})
	Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp", net.JoinHostPort(found.IPAM.Config[0].Gateway, "0"))
	if err != nil {
		Skip("the engine is not on this host: " + err.Error())
	}
	DeferCleanup(listener.Close)
	host, port, err = net.SplitHostPort(listener.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	return host, port
}
