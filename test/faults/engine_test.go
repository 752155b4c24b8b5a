//go:build e2e

package faults_test

import (
	"context"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	engines "hal-controller/pkg/runtime/docker"
)

// The labels that the controller is known to put on what it makes.
const (
	labelInstance = "hal/instance"
	labelPool     = "hal/pool"
	labelRole     = "hal/role"
)

// engine is the engine without the proxy, as somebody with the docker command sees
// it, and the instance whose objects are looked at.
type engine struct {
	api      *client.Client
	host     string
	instance string
}

func theEngine(instance string) engine {
	GinkgoHelper()
	endpoint, err := engines.Resolve("", "")
	Expect(err).NotTo(HaveOccurred())
	return engineAt(endpoint.Host, instance)
}

func engineAt(host, instance string) engine {
	GinkgoHelper()
	Expect(host).To(HavePrefix("unix://"), "the proxy has a Unix socket behind it")
	return engine{dial(host, client.WithTimeout(answerWithin)), host, instance}
}

// answerWithin is how long the engine has for a call.
const answerWithin = 30 * time.Second

func dial(host string, options ...client.Opt) *client.Client {
	GinkgoHelper()
	api, err := client.NewClientWithOpts(append(options, client.WithHost(host), client.WithAPIVersionNegotiation())...)
	Expect(err).NotTo(HaveOccurred())
	return api
}

func (e engine) path() string { return strings.TrimPrefix(e.host, "unix://") }

func (e engine) ours() filters.Args {
	return filters.NewArgs(filters.Arg("label", labelInstance+"="+e.instance))
}

func (e engine) containers() []docker.Summary {
	GinkgoHelper()
	found, err := e.api.ContainerList(context.Background(), docker.ListOptions{All: true, Filters: e.ours()})
	Expect(err).NotTo(HaveOccurred())
	return found
}

// workers of a pool, claimed and failed ones too.
func (e engine) workers(pool string) (found []docker.Summary) {
	GinkgoHelper()
	for _, c := range e.containers() {
		if c.Labels[labelPool] == pool && c.Labels[labelRole] == "worker" {
			found = append(found, c)
		}
	}
	return found
}

// warm workers of a pool that run.
func (e engine) warm(pool string) (found []docker.Summary) {
	GinkgoHelper()
	for _, c := range e.workers(pool) {
		if c.State == "running" && !strings.Contains(nameOf(c), ".") {
			found = append(found, c)
		}
	}
	return found
}

func nameOf(c docker.Summary) string { return strings.TrimPrefix(c.Names[0], "/") }

// networks and volumes of the instance, by name.
func (e engine) networks() (names []string) {
	GinkgoHelper()
	found, err := e.api.NetworkList(context.Background(), network.ListOptions{Filters: e.ours()})
	Expect(err).NotTo(HaveOccurred())
	for _, n := range found {
		names = append(names, n.Name)
	}
	return names
}

func (e engine) volumes() (names []string) {
	GinkgoHelper()
	found, err := e.api.VolumeList(context.Background(), volume.ListOptions{Filters: e.ours()})
	Expect(err).NotTo(HaveOccurred())
	for _, v := range found.Volumes {
		names = append(names, v.Name)
	}
	return names
}

// clear removes all objects of the instance. An engine may still be making what a
// controller asked for that has been killed.
func (e engine) clear() {
	GinkgoHelper()
	ctx := context.Background()
	Eventually(func() []docker.Summary {
		for _, c := range e.containers() {
			e.remove(c.ID)
		}
		return e.containers()
	}).Should(BeEmpty())
	for _, name := range e.networks() {
		Expect(e.api.NetworkRemove(ctx, name)).To(Succeed())
	}
	for _, name := range e.volumes() {
		Expect(e.api.VolumeRemove(ctx, name, true)).To(Succeed())
	}
}

// remove removes a container that may be gone, or going.
func (e engine) remove(id string) {
	GinkgoHelper()
	err := e.api.ContainerRemove(context.Background(), id, docker.RemoveOptions{Force: true})
	Expect(err == nil || errdefs.IsNotFound(err) || errdefs.IsConflict(err)).To(BeTrue(), "remove %s: %v", id, err)
}
