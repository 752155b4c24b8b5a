//go:build e2e

package e2e_test

import (
	"context"
	"net/http"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("A worker that is up all along", func() {
	for _, network := range []struct {
		mode spec.NetworkMode
		host string
	}{
		{spec.NetworkShared, "localhost"},
		{spec.NetworkBridge, "parent"},
	} {
		It("reaches its parent at "+network.host+" in "+string(network.mode)+" mode, whatever happens to the parent", func() {
			w := newWorld()
			p := w.pool("net", 1)
			p.Spec.Network.Mode = network.mode
			port := withParent(p)
			name := "hal-" + p.Metadata.Name + "-parent"
			w.start(w.write("pool.yaml", p))
			worker := w.settle(p.Metadata.Name, 1)[0]

			parentServes := func(changed func(before, now container) bool, act func(id string)) {
				GinkgoHelper()
				before := w.container(p.Metadata.Name, name)
				act(before.ID)
				Eventually(func() bool {
					now := w.container(p.Metadata.Name, name)
					return now.State == "running" && changed(before, now)
				}).Should(BeTrue())
				Eventually(func() string { return w.visit(worker.ID, network.host) }).Should(ContainSubstring(`"hits"`))
				Eventually(func() error { return published(port) }).Should(Succeed())
				Expect(w.workers(p.Metadata.Name)).To(Equal([]container{worker}), "the worker is untouched")
			}
			startedAgain := func(before, now container) bool { return before.StartedAt != now.StartedAt }

			By("at first")
			parentServes(func(_, _ container) bool { return true }, func(string) {})
			By("after the parent is killed")
			parentServes(startedAgain, func(id string) {
				Expect(w.api.ContainerKill(context.Background(), id, "KILL")).To(Succeed())
			})
			By("after it is restarted by hand")
			parentServes(startedAgain, func(id string) {
				Expect(w.api.ContainerRestart(context.Background(), id, docker.StopOptions{})).To(Succeed())
			})
			By("after it is removed by hand")
			parentServes(startedAgain, func(id string) {
				Expect(w.api.ContainerRemove(context.Background(), id, docker.RemoveOptions{Force: true})).To(Succeed())
			})
			By("after it is upgraded to another image")
			p.Spec.Parent.Image = w.newImage(parentImage, "ENV VERSION=2")
			parentServes(func(_, now container) bool { return now.Image == p.Spec.Parent.Image }, func(string) {
				w.write("pool.yaml", p)
			})
		})
	}
})

// published says whether a parent's port answers on this host.
func published(port string) error {
	answer, err := http.Get("http://127.0.0.1:" + port + "/api/v2/heartbeat")
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}
