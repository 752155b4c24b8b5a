//go:build e2e

package faults_test

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/docker/docker/api/types/image"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/test/faultproxy"
)

// importImage is the call that makes the pause image. It is no part of a round: the
// engine has that image, and others use it.
const importImage faultproxy.Kind = "POST /images/create"

// withoutPauseImage has the controller believe that there is no pause image until it
// has imported one twice, the first time with a fault.
func withoutPauseImage(f faultproxy.Fault) faultproxy.Chooser {
	var imports atomic.Int32
	return func(c faultproxy.Call) faultproxy.Fault {
		switch {
		case c.Kind == importImage && imports.Add(1) == 1:
			return f
		case aboutPauseImage(c) && imports.Load() < 2:
			return faultproxy.NotFound
		default:
			return ""
		}
	}
}

func aboutPauseImage(c faultproxy.Call) bool {
	return c.Kind == "GET /images/{name}/json" && strings.Contains(c.Path, runtime.PauseImage)
}

// keepPauseImage returns what gives the name of the pause image back to the one that
// has it now, and removes the twin.
func (w *world) keepPauseImage() (restore func()) {
	GinkgoHelper()
	ctx := context.Background()
	before, err := w.api.ImageInspect(ctx, runtime.PauseImage)
	Expect(err).NotTo(HaveOccurred())
	return func() {
		after, err := w.api.ImageInspect(ctx, runtime.PauseImage)
		Expect(err).NotTo(HaveOccurred())
		if after.ID == before.ID {
			return
		}
		Expect(w.api.ImageTag(ctx, before.ID, runtime.PauseImage)).To(Succeed())
		_, _ = w.api.ImageRemove(ctx, after.ID, image.RemoveOptions{}) // another instance may use it by now
	}
}
