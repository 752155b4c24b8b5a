//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

var _ = Describe("Forty claims at once on a pool of twenty", func() {
	const claims, most = 40, 20
	var w *world
	var pool string
	crowd := func(warm int) {
		GinkgoHelper()
		w = newWorld()
		p := w.pool("crowd", warm)
		p.Spec.Workers.Max = pointer(most)
		p.Spec.Workers.Template.StopGracePeriod = spec.Duration(0)
		pool = p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, warm)
		w.neverMoreThan(pool, most)
	}
	// all claims at once, and passes each one's answer on as it comes.
	all := func(onEmpty string, answer func(name string, c api.Claim, err error)) {
		var group sync.WaitGroup
		client := api.NewClient(w.socket())
		for i := range claims {
			group.Go(func() {
				name := fmt.Sprintf("c%d", i)
				c, err := client.Claim(context.Background(), api.ClaimRequest{Name: name, Pool: pool, OnEmpty: spec.OnEmpty(onEmpty)}, func(int) {})
				answer(name, c, err)
			})
		}
		group.Wait()
	}

	DescribeTable("get a worker each, as those before them give theirs back",
		func(onEmpty string, warm int) {
			crowd(warm)
			var mu sync.Mutex
			workers := map[string]string{}
			client := api.NewClient(w.socket())
			all(onEmpty, func(name string, c api.Claim, err error) {
				defer GinkgoRecover()
				Expect(err).NotTo(HaveOccurred(), name)
				mu.Lock()
				workers[c.ContainerID] += name
				mu.Unlock()
				Expect(client.Release(context.Background(), name, api.ReleaseOptions{Until: api.Gone})).Error().NotTo(HaveOccurred())
			})
			Expect(workers).To(HaveLen(claims), "no worker was two claims': %v", workers)
			Expect(w.claims()).To(BeEmpty())
			w.settle(pool, warm)
		},
		Entry("in line", "queue", 20),
		Entry("in line, with few ready", "queue", 2),
		Entry("made for them", "cold", 0),
	)

	It("get a worker each or are told that there is none", func() {
		crowd(10)
		var mu sync.Mutex
		workers := map[string]string{}
		refusals := 0
		all("fail", func(name string, c api.Claim, err error) {
			defer GinkgoRecover()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				Expect(err).To(MatchError(ContainSubstring("no worker ready")))
				refusals++
				return
			}
			workers[c.ContainerID] += name
		})
		Expect(len(workers) + refusals).To(Equal(claims))
		Expect(len(workers)).To(BeNumerically(">=", 10))
		Expect(w.claims()).To(HaveLen(len(workers)))
	})

	It("have no more made than are claimed", func(ctx SpecContext) {
		crowd(0)
		var mu sync.Mutex
		var bound []string
		ctx2, cancel := context.WithCancel(ctx)
		defer cancel()
		client := api.NewClient(w.socket())
		var group sync.WaitGroup
		for i := range most {
			group.Go(func() {
				defer GinkgoRecover()
				c, err := client.Claim(ctx2, api.ClaimRequest{Name: fmt.Sprintf("c%d", i), Pool: pool, OnEmpty: "cold"}, func(int) {})
				Expect(err).NotTo(HaveOccurred())
				mu.Lock()
				bound = append(bound, c.ContainerID)
				mu.Unlock()
			})
		}
		group.Wait()
		slices.Sort(bound)
		Expect(slices.Compact(bound)).To(HaveLen(most))
		made := strings.Count(w.hal("events", "--for", "pool/"+pool).Out, "Create         hal-"+pool+"-")
		Expect(made).To(Equal(most+1), "as many as were claimed, and the sandbox")
	})
})

var _ = Describe("A claim that waits", func() {
	It("says its place once, and leaves nothing when it is interrupted", func() {
		w := newWorld()
		p := w.pool("wait", 1)
		p.Spec.Workers.Max = pointer(1)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 1)
		w.bound(amy, pool, "first")
		second := w.begin("claim", pool, "--name", "second", "--on-empty", "queue")
		Eventually(second.out).Should(gbytes.Say("second waits for a worker of pool " + pool + ": 0 claims before it"))
		third := w.begin("claim", pool, "--name", "third", "--on-empty", "queue")
		Eventually(third.out).Should(gbytes.Say("1 claim before it"))
		for range 3 { // passes that change nothing
			Expect(w.hal("get", "pools")).To(exitWith(0))
			Expect(api.NewClient(w.socket()).Reconcile(context.Background(), pool)).To(Succeed())
		}
		Expect(second.process.Signal(os.Interrupt)).To(Succeed())
		Eventually(second.ended).Should(Receive(Not(BeZero())))
		Eventually(third.out).Should(gbytes.Say("0 claims before it"))
		Expect(strings.Count(string(third.out.Contents()), "before it")).To(Equal(2), "%s", third.out.Contents())
		Expect(third.process.Signal(syscall.SIGKILL)).To(Succeed())
		Eventually(third.ended).Should(Receive())
		Expect(w.as(amy, "release", "first")).To(exitWith(0))
		w.settle(pool, 1)
		Expect(w.claims()).To(BeEmpty())
	})

	It("ends with the exit code of a timeout when its time is over", func() {
		w := newWorld()
		p := w.pool("timeout", 0)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		answer := w.as(amy, "claim", pool, "--name", "late", "--on-empty", "queue", "--wait", "300ms")
		Expect(answer).To(And(exitWith(3), HaveField("Err", ContainSubstring("no worker became ready in time"))))
		Expect(w.claims()).To(BeEmpty())
	})

	It("is bound or nothing, whenever it is interrupted", func() {
		w := newWorld()
		p := w.pool("interrupt", 2)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 2)
		for i := range 30 {
			name := fmt.Sprintf("c%d", i)
			project := w.project(name, amy)
			c := w.begin("claim", pool, "--name", name, "--project", project)
			pause(i)
			_ = c.process.Signal(os.Interrupt) // it may have ended
			var code int
			Eventually(c.ended).Should(Receive(&code))
			said := string(c.out.Contents())
			if code == 0 || strings.Contains(said, "is bound") {
				Expect(w.claims()).To(HaveKeyWithValue(name, HaveField("Phase", "Bound")), said)
				Expect(w.as(0, "release", name)).To(exitWith(0))
				continue
			}
			Eventually(w.claims).ShouldNot(HaveKey(name), said)
		}
		w.settle(pool, 2)
	})
})

// neverMoreThan watches a pool's workers until the spec ends, and fails it when
// there are too many.
func (w *world) neverMoreThan(pool string, most int) {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		highest := 0
		for ctx.Err() == nil {
			found, err := w.api.ContainerList(ctx, docker.ListOptions{All: true, Filters: w.ours(pool)})
			if err == nil {
				workers := slices.DeleteFunc(found, func(c docker.Summary) bool { return c.Labels[labelRole] != "worker" })
				highest = max(highest, len(workers))
			}
		}
		ended <- highest
	}()
	DeferCleanup(func() {
		cancel()
		Expect(<-ended).To(BeNumerically("<=", most), "more workers than max at one time")
	})
}
