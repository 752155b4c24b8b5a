//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

// audited is what a line of the audit log says was done.
type audited struct{ What, Claim, Container string }

var _ = Describe("The audit log of a controller that is killed", func() {
	It("has a line for all that was answered, and no half of one", func(ctx SpecContext) {
		w := newWorld()
		p := w.pool("audited", 4)
		p.Spec.Workers.Max = pointer(12)
		file := w.write("pool.yaml", p)
		var answered answers
		for round := range 4 {
			c := w.serve(file)
			w.releaseAll(ctx, &answered)
			had := answered.count()
			var people sync.WaitGroup
			for person := range 3 {
				people.Go(func() {
					answered.from(ctx, api.NewClient(w.socket()), p.Metadata.Name, fmt.Sprintf("c%d-%d", round, person))
				})
			}
			// Each round is cut off at another moment of a claim or a release.
			Eventually(answered.count).WithPolling(pollingOften).Should(BeNumerically(">", had+4+round))
			c.kill()
			people.Wait()
		}
		written := w.audit()
		Expect(answered.all).NotTo(BeEmpty())
		for _, answer := range answered.all {
			Expect(written).To(HaveKey(answer))
		}
	})
})

// answers are what people have been told is done.
type answers struct {
	mu  sync.Mutex
	all []audited
}

func (a *answers) add(what, claim, container string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, audited{what, claim, container})
}

func (a *answers) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.all)
}

// from has a person claim and release, until nobody answers any more.
func (a *answers) from(ctx context.Context, client *api.Client, pool, name string) {
	for i := 0; ; i++ {
		request := api.ClaimRequest{Name: fmt.Sprintf("%s-%d", name, i), Pool: pool, OnEmpty: spec.OnEmptyQueue}
		claim, err := client.Claim(ctx, request, func(int) {})
		if err != nil {
			return
		}
		a.add("claim", claim.Name, claim.ContainerID)
		if _, err := client.Release(ctx, claim.Name, api.ReleaseOptions{Discard: true}); err != nil {
			return
		}
		a.add("discard", claim.Name, claim.ContainerID)
	}
}

// releaseAll releases what an earlier daemon has left bound.
func (w *world) releaseAll(ctx context.Context, a *answers) {
	GinkgoHelper()
	client := api.NewClient(w.socket())
	for name, claim := range w.claims() {
		if claim.Phase != "Bound" {
			continue // it ends by itself
		}
		_, err := client.Release(ctx, name, api.ReleaseOptions{Discard: true})
		Expect(err).NotTo(HaveOccurred())
		a.add("discard", name, claim.ContainerID)
	}
}

// audit is what the audit log says was done.
func (w *world) audit() map[audited]bool {
	GinkgoHelper()
	text, err := os.ReadFile(w.auditLog())
	Expect(err).NotTo(HaveOccurred())
	Expect(string(text)).To(HaveSuffix("\n"))
	written := map[audited]bool{}
	for line := range strings.Lines(string(text)) {
		var entry struct{ What, Claim, Container, Outcome string }
		Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed(), line)
		if entry.Outcome == "done" {
			written[audited{entry.What, entry.Claim, entry.Container}] = true
		}
	}
	return written
}
