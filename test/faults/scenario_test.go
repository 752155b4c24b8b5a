//go:build e2e

package faults_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
)

// act does one round of what makes all calls of the controller's: a restart, an edit
// that replaces the workers and has one more, a worker killed, limits changed by
// hand, a pool made and deleted, two claims made and released. Commands may be
// refused meanwhile; what they leave must be right all the same.
func (w *world) act() {
	GinkgoHelper()
	ctx := context.Background()
	w.round++
	w.daemon.restart()
	w.awaitDaemon()
	w.declareMain(warm + 1)
	w.declareBrief()
	w.onParent(func(id string) {
		_, err := w.api.ContainerUpdate(ctx, id, docker.UpdateConfig{Resources: docker.Resources{Memory: 80 << 20, MemorySwap: 80 << 20}})
		Expect(err).NotTo(HaveOccurred())
	})
	w.killOne()
	bound, copied := fmt.Sprintf("bound-%d", w.round), fmt.Sprintf("copied-%d", w.round)
	w.claim(w.main, bound)
	if w.claim(w.brief, copied).Code == 0 {
		w.pauseClaimed(copied)
	}
	for _, claim := range []string{bound, copied} {
		w.hal("release", claim) // refused where there is none
	}
	w.declareMain(warm)
	w.undeclareBrief()
}

// awaitDaemon waits until the controller serves, or a person would give up.
func (w *world) awaitDaemon() {
	client := api.NewClient(w.socket())
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); time.Sleep(startAgainAfter) {
		if _, err := client.Info(context.Background()); err == nil {
			return
		}
	}
}

// claim claims a worker with a project, and runs something in it. One that was told
// to be bound must be there.
func (w *world) claim(pool, name string, options ...string) outcome {
	GinkgoHelper()
	answer := w.hal(append([]string{
		"claim", pool, "--name", name, "--project", w.project(name), "--env", "A=b", "--wait", claimPatience.String(),
	}, options...)...)
	if answer.Code == 0 {
		if seen := w.hal("exec", name, "--", "cat", "/workspace/file"); strings.Contains(seen.Err, "no claim") {
			w.watch.violate("claim lost: %s: %s", name, seen.Err)
		}
	}
	return answer
}

// project makes a directory with a file that has its name.
func (w *world) project(name string) string {
	GinkgoHelper()
	dir := filepath.Join(w.projects, name)
	Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dir, "file"), []byte(name), 0o644)).To(Succeed())
	return dir
}

// pauseClaimed pauses a claim's worker, so that only the engine can be asked what is
// in it. No command runs in it once its claim is bound: one that is about to begin would
// be frozen, and the engine (20.10) would wait for it, holding its lock on the container
// for ever.
func (w *world) pauseClaimed(claim string) {
	for _, c := range w.workers(w.brief) {
		if strings.HasSuffix(nameOf(c), "."+claim) && c.State == "running" {
			_ = w.api.ContainerPause(context.Background(), c.ID) // it may be ending
		}
	}
}

// onParent does something to the parent, if it is there.
func (w *world) onParent(do func(id string)) {
	for _, c := range w.containers() {
		if c.Labels[labelPool] == w.main && c.Labels[labelRole] == "parent" {
			do(c.ID)
		}
	}
}

// killOne kills a warm worker, as soon as there is one.
func (w *world) killOne() {
	GinkgoHelper()
	for deadline := time.Now().Add(workerPatience); time.Now().Before(deadline); time.Sleep(startAgainAfter) {
		for _, c := range w.warm(w.main) {
			if w.api.ContainerKill(context.Background(), c.ID, "KILL") == nil { // else it is on its way out
				return
			}
		}
	}
}

func (w *world) kill(id string) {
	GinkgoHelper()
	Expect(w.endBy("KILL", id)).To(Succeed())
}

// endBy ends a container by a signal, and returns when the engine has noticed: a busy
// one does so late, and until then all looks as declared.
func (w *world) endBy(signal, id string) error {
	GinkgoHelper()
	before := w.startedAt(id)
	if err := w.api.ContainerKill(context.Background(), id, signal); err != nil {
		return err
	}
	Eventually(func() string { return w.startedAt(id) }).ShouldNot(Equal(before))
	return nil
}
