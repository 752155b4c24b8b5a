//go:build e2e

package faults_test

import (
	"context"

	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// foreign are things beside the pools that are not of the instance: one of each
// kind, the container with all labels of a worker but another instance's.
type foreign struct{ container, network, volume string } // ids, and a name

func (w *world) makeForeign() {
	GinkgoHelper()
	ctx := context.Background()
	name := w.instance + "-foreign"
	labels := map[string]string{labelInstance: name, labelPool: w.main, labelRole: "worker"}
	n, err := w.api.NetworkCreate(ctx, name, network.CreateOptions{Labels: labels})
	Expect(err).NotTo(HaveOccurred())
	v, err := w.api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels})
	Expect(err).NotTo(HaveOccurred())
	c, err := w.api.ContainerCreate(ctx,
		&docker.Config{Image: counterImage, Cmd: []string{"sleep", "infinity"}, Labels: labels},
		&docker.HostConfig{NetworkMode: docker.NetworkMode(name), Binds: []string{name + ":/scrap"}}, nil, nil, name)
	Expect(err).NotTo(HaveOccurred())
	Expect(w.api.ContainerStart(ctx, c.ID, docker.StartOptions{})).To(Succeed())
	w.foreign = foreign{c.ID, n.ID, v.Name}
}

func (w *world) removeForeign() {
	GinkgoHelper()
	ctx := context.Background()
	w.remove(w.foreign.container)
	Expect(w.api.NetworkRemove(ctx, w.foreign.network)).To(Succeed())
	Expect(w.api.VolumeRemove(ctx, w.foreign.volume, true)).To(Succeed())
}

// foreignOf finds what is foreign beside an instance.
func foreignOf(instance string) filters.Args {
	return filters.NewArgs(filters.Arg("label", labelInstance+"="+instance+"-foreign"))
}
