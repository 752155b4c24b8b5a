//go:build e2e

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/reconcile"
)

// held is a claim that is never released.
type held struct{ name, worker, startedAt string }

// hold makes a claim that is held from now on.
func (w *world) hold(name string, options ...string) {
	GinkgoHelper()
	answer := w.claim(w.main, name, options...)
	Expect(answer.Code).To(BeZero(), answer.Err)
	for _, c := range w.workers(w.main) {
		if strings.HasSuffix(nameOf(c), "."+name) {
			w.held = append(w.held, held{name, c.ID, w.startedAt(c.ID)})
			w.watch.hold(c.ID)
			return
		}
	}
	Fail("claim " + name + " has no worker")
}

// startedAt is when a container that runs was started; "" for one that does not.
func (w *world) startedAt(id string) string {
	c, err := w.api.ContainerInspect(context.Background(), id)
	if err != nil || !c.State.Running {
		return ""
	}
	return c.State.StartedAt
}

func (w *world) running(id string) bool { return w.startedAt(id) != "" }

// volumeDir is what the volume that lasts is on the disk. What the engine calls its
// time of creation is that of the latest change in it.
func (w *world) volumeDir() os.FileInfo {
	GinkgoHelper()
	v, err := w.api.VolumeInspect(context.Background(), "hal-"+w.main+"-data")
	Expect(err).NotTo(HaveOccurred())
	dir, err := os.Stat(v.Mountpoint)
	Expect(err).NotTo(HaveOccurred())
	return dir
}

// settle waits until all is as declared, and returns how long that took. What the
// round's claims have left is released, as a person does who finds it.
func (w *world) settle() time.Duration {
	GinkgoHelper()
	began := time.Now()
	Eventually(w.unsettled).Should(Succeed())
	return time.Since(began)
}

// unsettled says what is not as declared. The status is looked at once more in the end:
// it is of the last pass, and may be from before what went wrong, while the rest is looked
// at in the middle of its mending.
func (w *world) unsettled() error {
	if err := w.leftClaims(); err != nil {
		return err
	}
	if err := w.unready(); err != nil {
		return err
	}
	if err := errors.Join(w.misfits(), w.drift()); err != nil {
		return err
	}
	return w.unready()
}

// unready says what the status has that is not as declared.
func (w *world) unready() error {
	pools, err := api.NewClient(w.socket()).Pools(context.Background())
	if err != nil {
		return err
	}
	if len(pools) != 1 {
		return fmt.Errorf("%d pools", len(pools))
	}
	s := pools[0].Status
	if s == nil || !reconcile.Settled(s) || s.ObservedGeneration != pools[0].Status.Generation ||
		s.Warm != warm || s.Ready != warm || s.Updated != warm || s.Claimed != len(w.held) || s.Terminating != 0 {
		return fmt.Errorf("pool %s: %+v", w.main, s)
	}
	return nil
}

// misfits are what is on the engine and not declared.
func (w *world) misfits() error {
	for _, c := range w.containers() {
		if c.Labels[labelPool] != w.main {
			return fmt.Errorf("container %s is left", nameOf(c))
		}
	}
	if names := w.networks(); !slices.Equal(names, []string{"hal-" + w.main}) {
		return fmt.Errorf("networks: %q", names)
	}
	if names := w.volumes(); !slices.Equal(names, []string{"hal-" + w.main + "-data"}) {
		return fmt.Errorf("volumes: %q", names)
	}
	if running := len(w.warm(w.main)); running != warm {
		return fmt.Errorf("%d warm workers run", running)
	}
	return nil
}

// drift is the controller's own word on it, past the proxy.
func (w *world) drift() error {
	if answer := w.hal("diff", "-f", w.manifests()); answer.Code != 0 {
		return fmt.Errorf("hal diff: %d\n%s%s", answer.Code, answer.Out, answer.Err)
	}
	return nil
}

// leftClaims releases what is left of the round's claims.
func (w *world) leftClaims() error {
	claims, err := api.NewClient(w.socket()).Claims(context.Background())
	if err != nil {
		return err
	}
	for _, c := range claims {
		if strings.Contains(c.Message, "record was lost") {
			w.watch.violate("record lost: claim %s", c.Name)
		}
		if w.isHeld(c.Name) {
			continue
		}
		w.resume(c.ContainerID)
		w.hal("release", c.Name)
		return fmt.Errorf("claim %s is left: %s %s", c.Name, c.Phase, c.Message)
	}
	return nil
}

// resume has a paused worker go on.
func (w *world) resume(id string) { _ = w.api.ContainerUnpause(context.Background(), id) } // it may run

func (w *world) isHeld(claim string) bool {
	return slices.ContainsFunc(w.held, func(h held) bool { return h.name == claim })
}

// judge waits until all is as declared, and looks at what has come of it.
func (w *world) judge(r *row) {
	GinkgoHelper()
	r.converged(w.settle())
	w.keepPromises(r)
}

// keepPromises looks for promises that were broken.
func (w *world) keepPromises(r *row) {
	GinkgoHelper()
	violations := w.violations()
	r.violations += len(violations)
	Expect(violations).To(BeEmpty())
}

// violations are the promises that were broken since the last look.
func (w *world) violations() []string {
	GinkgoHelper()
	claims, err := api.NewClient(w.socket()).Claims(context.Background())
	Expect(err).NotTo(HaveOccurred())
	for _, h := range w.held {
		i := slices.IndexFunc(claims, func(c api.Claim) bool { return c.Name == h.name })
		if i < 0 || claims[i].Phase != "Bound" || claims[i].ContainerID != h.worker {
			w.watch.violate("claim lost: %s", h.name)
		}
		if w.startedAt(h.worker) != h.startedAt {
			w.watch.violate("claimed worker stopped: %s", h.name)
		}
		if records, _ := filepath.Glob(filepath.Join(w.stateDir(), "*", "*", "claims", h.name+"*")); len(records) != 1 {
			w.watch.violate("record lost: claim %s", h.name)
		}
		if seen := w.hal("exec", h.name, "--", "cat", "/workspace/file"); seen.Out != h.name {
			w.watch.violate("project lost: claim %s: %s", h.name, seen.Err)
		}
	}
	if !os.SameFile(w.volumeDir(), w.volume) {
		w.watch.violate("volume lost: it is another one")
	}
	return w.watch.take()
}
