//go:build e2e

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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
	It("has no way out, and is otherwise a network", func() {
		w := newWorld()
		outside := w.outside()
		inner, outer := w.pool("inner", 1), w.pool("outer", 1)
		inner.Spec.Network = spec.Network{Mode: spec.NetworkBridge, Internal: true}
		inner.Spec.Parent = &spec.Service{Image: parentImage, Resources: small()}
		w.write("pools.yaml", inner, outer)
		w.start(w.dir)
		inInner, inOuter := w.settle(inner.Metadata.Name, 1)[0], w.settle(outer.Metadata.Name, 1)[0]

		Eventually(func() outcome { return w.reach(inOuter.ID, outside, "8000") }).Should(exitWith(0))
		Expect(w.reach(inInner.ID, outside, "8000")).NotTo(exitWith(0))
		Eventually(func() string { return w.visit(inInner.ID, "parent") }).Should(ContainSubstring(`"hits"`))
	})
})

// outside is the address of a host next to this one, which serves on port 8000:
// a network namespace of its own, joined to this host by a cable.
func (w *world) outside() string {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		Skip("only root can add a network namespace")
	}
	name := "hal-" + w.id
	// Addresses that are set aside for tests of networks.
	net := fmt.Sprintf("198.18.%d.", rand.IntN(255))
	runIP("netns add " + name)
	DeferCleanup(runIP, "netns delete "+name)
	runIP("link add " + name + " type veth peer name far netns " + name)
	runIP("address add " + net + "1/30 dev " + name)
	runIP("link set " + name + " up")
	runIP("-netns " + name + " address add " + net + "2/30 dev far")
	runIP("-netns " + name + " link set far up")
	counter := filepath.Join(filepath.Dir(binary), "hal-counter")
	Expect(counter).To(BeAnExistingFile(), "run 'make image-counter' first") // ip starts without it
	server := exec.Command("ip", "netns", "exec", name, counter, "-data", w.home)
	Expect(server.Start()).To(Succeed())
	DeferCleanup(func() {
		Expect(server.Process.Kill()).To(Succeed())
		_ = server.Wait() // it was killed
	})
	return net + "2"
}

// runIP runs the ip command.
func runIP(line string) {
	GinkgoHelper()
	output, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "ip %s: %s", line, output)
}
