//go:build e2e

package e2e_test

import (
	"context"
	"net"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("What listens", Ordered, func() {
	var w *world
	var listening []container
	var other container
	BeforeAll(func() {
		w = newWorld()
		l, o := w.pool("listening", 2), w.pool("other", 1)
		l.Spec.Network.Mode, o.Spec.Network.Mode = spec.NetworkBridge, spec.NetworkBridge
		l.Spec.Workers.Template.Image = parentImage // each of its workers serves on port 8000
		w.write("pools.yaml", l, o)
		w.start(w.dir)
		listening, other = w.settle(l.Metadata.Name, 2), w.settle(o.Metadata.Name, 1)[0]
	})

	It("in a worker is reached by its neighbours, and by no worker of another pool", func() {
		address := w.address(listening[0].ID)
		Eventually(func() outcome { return w.reach(listening[1].ID, address, "8000") }).Should(exitWith(0))
		Expect(w.reach(other.ID, address, "8000")).NotTo(exitWith(0))
		Expect(w.run(other.ID, "getent hosts "+listening[0].Name)).NotTo(exitWith(0))
	})

	It("at the host's loopback only is not reached from a network of the host's", func() {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		here, err := net.Dial("tcp", "127.0.0.1:"+port)
		Expect(err).NotTo(HaveOccurred())
		Expect(here.Close()).To(Succeed())
		for _, host := range []string{"127.0.0.1", w.gateway(other.ID)} {
			Expect(w.reach(other.ID, host, port)).NotTo(exitWith(0), host)
		}
	})
})

// gateway is the host's address on a container's network.
func (e engine) gateway(id string) string {
	GinkgoHelper()
	c, err := e.api.ContainerInspect(context.Background(), id)
	Expect(err).NotTo(HaveOccurred())
	Expect(c.NetworkSettings.Networks).To(HaveLen(1))
	for _, endpoint := range c.NetworkSettings.Networks {
		return endpoint.Gateway
	}
	return ""
}
