package reconcile_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// FuzzClaimOf looks for claims that are not read again from the names of their workers,
// for other containers that are taken for theirs, and for names that the engine would
// not take.
func FuzzClaimOf(f *testing.F) {
	f.Add("dev", 0, "fix", "hal-dev-0.fix")
	f.Add("dev-1", 12, "a", "hal-dev-1-12.a")
	f.Add("dev", 1, "0", "hal-dev-1")
	f.Add("a", 0, "x", "hal-a-0..x")
	f.Add("dev", 3, "fix.b", "hal-dev-3.fix.b")
	f.Add("dev", -1, "fix", "hal-dev--1.fix")
	f.Fuzz(func(t *testing.T, pool string, ordinal int, claim, name string) {
		g := NewWithT(t)
		worker := runtime.Container{Name: name, Owner: runtime.Owner{Pool: pool, Role: runtime.RoleWorker, Ordinal: ordinal}}
		if found := reconcile.ClaimOf(worker); found != "" {
			g.Expect(reconcile.ClaimedName(pool, ordinal, found)).To(Equal(name))
		}
		service := worker
		service.Owner.Role = runtime.RoleService
		g.Expect(reconcile.ClaimOf(service)).To(BeEmpty())
		if spec.CheckName(pool) != "" || spec.CheckName(claim) != "" || ordinal < 0 {
			return
		}
		worker.Name = reconcile.ClaimedName(pool, ordinal, claim)
		g.Expect(reconcile.ClaimOf(worker)).To(Equal(claim))
		g.Expect(worker.Name).To(MatchRegexp(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)) // what the engine takes
		worker.Owner.Ordinal++
		g.Expect(reconcile.ClaimOf(worker)).To(BeEmpty(), "of another number")
		worker.Owner.Ordinal--
		worker.Name = reconcile.WorkerName(pool, ordinal)
		g.Expect(reconcile.ClaimOf(worker)).To(BeEmpty())
	})
}
