package claim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// Many people claim and release at once, and some of them go away in between.
var _ = Describe("A pool of 32 workers under 32 who claim and release, 10,000 times", func() {
	const (
		people = 32
		claims = 10_000
		most   = 32
	)

	It("gives no worker to two, loses no claim, and never has one too many", func() {
		seed := uint64(GinkgoRandomSeed())
		fmt.Fprintf(GinkgoWriter, "seed %d\n", seed)
		w := newWorld(sized(most, most), whenEmpty(spec.OnEmptyCold))
		existing, tooMany := atomic.Int64{}, atomic.Int64{}
		w.engine.LoseReply(func(c fake.Call) error {
			if c.Method == "create" && strings.HasPrefix(c.Name, "hal-dev-") {
				n := int64(0)
				for _, container := range w.engine.Snapshot().Containers {
					if container.Owner.Role == runtime.RoleWorker {
						n++
					}
				}
				existing.Store(max(existing.Load(), n))
				if n > most {
					tooMany.Add(1)
				}
			}
			return nil
		})
		var (
			owners sync.Map // worker -> claim: for ever, since none is given twice
			next   atomic.Int64
			gone   atomic.Int64
			group  sync.WaitGroup
		)
		for person := range people {
			group.Go(func() {
				defer GinkgoRecover()
				random := rand.New(rand.NewPCG(seed, uint64(person)))
				for n := next.Add(1); n <= claims; n = next.Add(1) {
					name := fmt.Sprintf("c%d", n)
					ctx, cancel := context.WithCancel(context.Background())
					if random.IntN(20) == 0 {
						time.AfterFunc(time.Duration(random.IntN(2_000))*time.Microsecond, cancel)
					}
					record, err := w.claims.Claim(ctx, alice, claim.Request{Name: name, Pool: "dev"})
					left := ctx.Err() != nil
					cancel()
					if err != nil && left {
						gone.Add(1)
						continue
					}
					Expect(err).NotTo(HaveOccurred())
					Expect(record.Container()).To(HaveSuffix("." + name))
					before, twice := owners.LoadOrStore(record.Worker, name)
					Expect(twice).To(BeFalse(), "%s has the worker of %s", name, before)
					leaving, err := w.claims.Release(alice, name, claim.ReleaseOptions{})
					Expect(err).NotTo(HaveOccurred())
					if random.IntN(2) == 0 {
						<-leaving.Done()
					}
				}
			})
		}
		group.Wait()
		Expect(tooMany.Load()).To(BeZero(), "%d workers at one time", existing.Load())
		Expect(existing.Load()).To(BeNumerically(">", 1))
		Expect(gone.Load()).To(BeNumerically("<", claims/10))
		Eventually(w.claims.List).WithTimeout(time.Minute).Should(BeEmpty())
		Eventually(w.workers).WithTimeout(time.Minute).Should(And(HaveLen(most), Not(ContainElement(ContainSubstring(".")))))
		Expect(w.onDisk()).To(BeEmpty())
		Expect(w.claims.Waiting("dev")).To(BeZero())
	})
})
