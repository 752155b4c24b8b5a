//go:build e2e

package e2e_test

import (
	"context"
	"strconv"
	"sync"

	"github.com/containerd/errdefs"
	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// newImage makes another image of one, by Dockerfile instructions.
func (w *world) newImage(base string, changes ...string) string {
	GinkgoHelper()
	ctx := context.Background()
	ref := "hal-e2e/" + w.id + ":" + strconv.Itoa(len(changes))
	c, err := w.api.ContainerCreate(ctx, &docker.Config{Image: base, Labels: map[string]string{labelInstance: w.instance}}, nil, nil, nil, "")
	Expect(err).NotTo(HaveOccurred())
	_, err = w.api.ContainerCommit(ctx, c.ID, docker.CommitOptions{Reference: ref, Changes: changes})
	Expect(err).NotTo(HaveOccurred())
	Expect(w.api.ContainerRemove(ctx, c.ID, docker.RemoveOptions{})).To(Succeed())
	w.images = append(w.images, ref)
	return ref
}

// foreign runs a container that is nobody's, with ports as a manifest has them,
// and returns its id.
func (w *world) foreign(name string, ports []string) string {
	GinkgoHelper()
	ctx := context.Background()
	exposed, bindings, err := nat.ParsePortSpecs(ports)
	Expect(err).NotTo(HaveOccurred())
	c, err := w.api.ContainerCreate(ctx, &docker.Config{Image: workerImage, ExposedPorts: exposed},
		&docker.HostConfig{PortBindings: bindings}, nil, nil, name)
	Expect(err).NotTo(HaveOccurred())
	w.foreigners = append(w.foreigners, c.ID)
	Expect(w.api.ContainerStart(ctx, c.ID, docker.StartOptions{})).To(Succeed())
	return c.ID
}

// tag gives an image another name.
func (w *world) tag(image, ref string) {
	GinkgoHelper()
	Expect(w.api.ImageTag(context.Background(), image, ref)).To(Succeed())
	w.images = append(w.images, ref)
}

// clear removes all objects of the instance.
func (e engine) clear(ctx context.Context) {
	GinkgoHelper()
	// Each time anew: an engine may still be making what a controller asked for that
	// has been killed.
	Eventually(func() []docker.Summary {
		var removing sync.WaitGroup
		for _, c := range e.list("") {
			removing.Go(func() {
				defer GinkgoRecover()
				e.remove(ctx, c.ID)
			})
		}
		removing.Wait()
		return e.list("")
	}).Should(BeEmpty())
	networks, err := e.api.NetworkList(ctx, network.ListOptions{Filters: e.ours("")})
	Expect(err).NotTo(HaveOccurred())
	for _, n := range networks {
		Expect(e.api.NetworkRemove(ctx, n.ID)).To(Succeed())
	}
	volumes, err := e.api.VolumeList(ctx, volume.ListOptions{Filters: e.ours("")})
	Expect(err).NotTo(HaveOccurred())
	for _, v := range volumes.Volumes {
		Expect(e.api.VolumeRemove(ctx, v.Name, true)).To(Succeed())
	}
}

// remove removes a container that may be gone, or going.
func (e engine) remove(ctx context.Context, id string) {
	GinkgoHelper()
	err := e.api.ContainerRemove(ctx, id, docker.RemoveOptions{Force: true})
	Expect(err == nil || errdefs.IsNotFound(err) || errdefs.IsConflict(err)).To(BeTrue(), "remove %s: %v", id, err)
}

func (e engine) removeImage(ctx context.Context, ref string) {
	GinkgoHelper()
	_, err := e.api.ImageRemove(ctx, ref, image.RemoveOptions{})
	Expect(err).NotTo(HaveOccurred())
}
