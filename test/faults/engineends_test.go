//go:build e2e

package faults_test

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/client"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faults/ownengine"
)

// engineEnd is a way in which an engine ends.
type engineEnd struct {
	name    string
	signal  syscall.Signal
	options []string
	// stops: containers end with it.
	stops bool
}

func engineEnds() []engineEnd {
	all := []engineEnd{
		{"kill -9 of dockerd", syscall.SIGKILL, nil, true},
		{"dockerd restarted", syscall.SIGTERM, nil, true},
		{"kill -9 of dockerd with live-restore", syscall.SIGKILL, []string{"--live-restore"}, false},
		{"dockerd restarted with live-restore", syscall.SIGTERM, []string{"--live-restore"}, false},
	}
	i := int(GinkgoRandomSeed()) % len(all)
	return inForm(all[i:i+1], all)
}

var _ = Describe("An engine that ends, with claims held", func() {
	for _, end := range engineEnds() {
		It("has them all again, and the pool as declared: "+end.name, func() {
			e := startEngine(end.options...)
			id := strings.ToLower(rand.Text()[:6])
			w := newWorldOn(engineAt(e.Host(), "faults-"+id), id, e.Inside()...)
			DeferCleanup(func() {
				if keepUnlessFailed(w) != nil {
					w.end()
				}
			})
			secret := w.holdSecret()

			row := results.row(end.name)
			row.runs++
			w.watch.end()
			Expect(e.Stop(end.signal)).To(Succeed())
			row.injected++
			Expect(e.Start()).To(Succeed())
			w.await()
			answers := time.Now()
			w.watchAgain()
			if end.stops {
				w.heldStartAgain()
			}
			w.settle()
			row.converged(time.Since(answers))
			w.holdAgain()
			w.keepPromises(row)
			Expect(w.running(w.foreign.container)).To(Equal(!end.stops), "it is nobody's to start")
			Eventually(func() string { return w.hal("exec", "secret", "--", "cat", "/run/secrets/key").Out }).Should(Equal(secret))
		})
	}
})

// startEngine starts an engine with what the pools need, or skips the spec where that
// cannot be.
func startEngine(options ...string) *ownengine.Engine {
	GinkgoHelper()
	if err := ownengine.Supported(); err != nil {
		Skip(err.Error())
	}
	e, err := ownengine.New(options...)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		if CurrentSpecReport().Failed() {
			GinkgoWriter.Printf("--- the engine's log\n%s", e.Log())
		}
		Expect(e.Close()).To(Succeed())
	})
	ctx := context.Background()
	api := dial(e.Host())
	defer api.Close()
	await(api)
	from := theEngine("")
	defer from.api.Close()
	images, err := from.api.ImageSave(ctx, []string{counterImage})
	Expect(err).NotTo(HaveOccurred())
	defer images.Close()
	answer, err := api.ImageLoad(ctx, images)
	Expect(err).NotTo(HaveOccurred())
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	Expect(err).NotTo(HaveOccurred())
	return e
}

func await(api *client.Client) {
	GinkgoHelper()
	Eventually(func() error {
		_, err := api.Ping(context.Background())
		return err
	}).Should(Succeed())
}

func (e engine) await() {
	GinkgoHelper()
	await(e.api)
}

// holdSecret holds a claim with a secret, which it returns.
func (w *world) holdSecret() string {
	GinkgoHelper()
	const secret = "known to one claim"
	file := filepath.Join(w.home, "key")
	Expect(os.WriteFile(file, []byte(secret), 0o600)).To(Succeed())
	w.hold("secret", "--secret", "key="+file)
	w.settle()
	return secret
}

// watchAgain has the watch begin once more, with what there is now.
func (w *world) watchAgain() {
	GinkgoHelper()
	before := w.watch
	w.watch = w.observe(w.foreign)
	w.watch.hasAlready(before, w.workers(w.main))
}

// holdAgain has the watch know what is held, from when nothing may happen to it.
func (w *world) holdAgain() {
	for _, h := range w.held {
		w.watch.hold(h.worker)
	}
}

// heldStartAgain waits until the held workers that ended run again.
func (w *world) heldStartAgain() {
	GinkgoHelper()
	for i := range w.held {
		h := &w.held[i]
		Eventually(func() string {
			started := w.startedAt(h.worker)
			if started == h.startedAt {
				return ""
			}
			return started
		}).ShouldNot(BeEmpty(), h.name)
		h.startedAt = w.startedAt(h.worker)
	}
}
