//go:build e2e

package faults_test

import (
	"context"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
)

// deed is what a person does to a container with the docker command.
type deed struct {
	name string
	do   func(w *world, id string) error
	// claim is what a claimed worker's claim is like after it.
	claim func(w *world, claim, worker string)
}

func deeds() []deed {
	ctx := context.Background()
	return []deed{
		{"stop", func(w *world, id string) error { return w.api.ContainerStop(ctx, id, docker.StopOptions{}) }, kept},
		{"kill", func(w *world, id string) error { return w.endBy("TERM", id) }, kept},
		{"restart", func(w *world, id string) error { return w.api.ContainerRestart(ctx, id, docker.StopOptions{}) }, kept},
		{"pause", func(w *world, id string) error { return w.api.ContainerPause(ctx, id) }, stillBound},
		{"rename", func(w *world, id string) error { return w.api.ContainerRename(ctx, id, w.instance+"-stolen") }, kept},
		{"rm -f", func(w *world, id string) error {
			return w.api.ContainerRemove(ctx, id, docker.RemoveOptions{Force: true})
		}, lost},
		{"update --restart=always", (*world).alwaysRestarted, kept},
	}
}

// alwaysRestarted has the engine start a container whenever it ends, and returns when
// the controller has seen to it that one owner of restarts is left.
func (w *world) alwaysRestarted(id string) error {
	GinkgoHelper()
	ctx := context.Background()
	_, err := w.api.ContainerUpdate(ctx, id, docker.UpdateConfig{RestartPolicy: docker.RestartPolicy{Name: "always"}})
	Eventually(func() bool {
		c, err := w.api.ContainerInspect(ctx, id)
		return err != nil || !c.HostConfig.RestartPolicy.IsAlways() // it may be another one by now
	}).WithTimeout(4*resync).Should(BeTrue(), "the engine still restarts it")
	return err
}

// byHand is each deed to each kind of container.
func byHand() (all []injury) {
	for _, d := range deeds() {
		done := func(w *world, id string) {
			GinkgoHelper()
			Expect(d.do(w, id)).To(Succeed())
		}
		if d.name != "pause" { // of the sandbox it is another story
			all = append(all, injury{"docker " + d.name + " of the sandbox", func(w *world) { done(w, w.only("sandbox")) }})
		}
		all = append(all,
			injury{"docker " + d.name + " of the parent", func(w *world) { done(w, w.only("parent")) }},
			injury{"docker " + d.name + " of a worker", func(w *world) { done(w, w.warm(w.main)[0].ID) }},
			injury{"docker " + d.name + " of a claimed worker", hurt(done, d.claim)},
		)
	}
	return append(all,
		injury{"docker pause of the sandbox, undone when that is told", (*world).pauseSandbox},
		injury{"docker network disconnect of the sandbox, undone when that is told", (*world).disconnectSandbox},
		injury{"docker network disconnect of a worker", (*world).disconnectWorker},
	)
}

// pauseSandbox takes the network from claimed workers: only a person, or the end of
// the claims, can give it back.
func (w *world) pauseSandbox() {
	GinkgoHelper()
	ctx, sandbox := context.Background(), w.only("sandbox")
	w.blocking(
		func() { Expect(w.api.ContainerPause(ctx, sandbox)).To(Succeed()) },
		func() { Expect(w.api.ContainerUnpause(ctx, sandbox)).To(Succeed()) },
	)
}

func (w *world) disconnectSandbox() {
	GinkgoHelper()
	sandbox := w.only("sandbox")
	w.blocking(
		func() { w.disconnect(sandbox, w.main) },
		func() {
			Expect(w.api.NetworkConnect(context.Background(), "hal-"+w.main, sandbox, nil)).To(Succeed())
		},
	)
}

// blocking does to the sandbox what a claim in it keeps from being mended, waits until
// that is told, looks at how restless the controller is meanwhile, and undoes it.
func (w *world) blocking(do, undo func()) {
	GinkgoHelper()
	const claim = "blocker" // held ones may be of an earlier sandbox
	Eventually(func() int { return w.claim(w.main, claim).Code }).Should(BeZero())
	do()
	Eventually(func() string { return w.hal("why", w.main).Out }).Should(MatchRegexp(`waits? until .*\b` + claim))
	began := w.watch.startsOf(w.only("parent"))
	Consistently(func() int { return w.watch.startsOf(w.only("parent")) - began }).WithTimeout(2*resync).
		Should(BeNumerically("<", restless), "starts of the parent, which cannot work")
	undo()
	w.hal("release", claim)
}

// restless is how many starts within two resyncs are too many.
const restless = 10

func (w *world) disconnect(id, pool string) {
	GinkgoHelper()
	Expect(w.api.NetworkDisconnect(context.Background(), "hal-"+pool, id, true)).To(Succeed())
}

// disconnectWorker is of a pool whose workers have addresses of their own.
func (w *world) disconnectWorker() {
	GinkgoHelper()
	w.declareBrief()
	var victim string
	Eventually(func() []docker.Summary { return w.warm(w.brief) }).Should(HaveLen(1))
	victim = w.warm(w.brief)[0].ID
	w.disconnect(victim, w.brief)
	Eventually(func() bool {
		workers := w.warm(w.brief)
		return len(workers) == 1 && workers[0].NetworkSettings.Networks["hal-"+w.brief] != nil
	}).Should(BeTrue(), "its pool has a worker with a network")
	w.undeclareBrief()
}

// claimed is a claim as the controller tells of it; nothing for one that it has not got.
func (w *world) claimed(name string) (found api.Claim) {
	GinkgoHelper()
	claims, err := api.NewClient(w.socket()).Claims(context.Background())
	Expect(err).NotTo(HaveOccurred())
	for _, c := range claims {
		if c.Name == name {
			found = c
		}
	}
	return found
}
