//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// measureLibrary claims without a daemon in between, beside the one call that the
// engine has to answer for each claim.
func measureLibrary(t *testing.T, figures *table) {
	r := newRig(t)
	dir := t.TempDir()
	project := newProject(t)
	slots, err := bind.Open(filepath.Join(dir, "slots"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = slots.Close()
		unmountBelow(dir)
	})
	var library *claim.Claims
	r.extend = func(o *reconcile.Options) {
		library = claim.New(claim.Options{
			Runtime: r.engine, Claimable: o.Claimable, Binder: slots,
			Pool:    func(string) (*spec.Pool, bool) { return r.manifest.Pool, true },
			Enqueue: func(name string) { r.controller.Enqueue(name) },
			Rules:   func(bind.Caller) bind.Rules { return bind.Rules{Roots: []string{filepath.Dir(project)}} },
			UserDir: func(bind.Caller, string, string) (string, error) { return "", os.ErrNotExist },
			Admin:   func(bind.Caller) bool { return false },
			Store:   claim.Store{Dir: filepath.Join(dir, "claims")},
			Event:   func(string, string, string, string, string) {}, Now: time.Now, Log: logr.Discard(),
		})
		o.Claims, o.Slots = library, claim.Slots{Binder: slots}
	}
	r.start()
	r.declare(warm)
	r.settle()

	root := bind.Caller{}
	var of pairs
	var took []time.Duration
	bare := r.bareUp(1, 1)
	for i := range claims / 5 {
		name := fmt.Sprintf("lib%d", i)
		r.settle()
		var p pair
		p.bare = timed(func() {
			if err := r.engine.Rename(context.Background(), bare[0], fmt.Sprintf("%s-bare-renamed-%d", pool, i)); err != nil {
				t.Fatal(err)
			}
		})
		p.us = timed(func() {
			if _, err := library.Claim(context.Background(), root, claim.Request{Name: name, Pool: pool, Project: project}); err != nil {
				t.Fatal(err)
			}
		})
		leaving, err := library.Release(root, name, claim.ReleaseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-leaving.Done()
		of, took = append(of, p), append(took, p.us)
	}
	r.bareKill(bare, 1)
	figures.addRatio("claim through pkg/claim, settled", of, "bare: the engine's rename alone")
	figures.percentiles(fmt.Sprintf("the same, %d", claims/5), took, "")
	library.Wait()
}
