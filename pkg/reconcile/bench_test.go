package reconcile_test

import (
	"fmt"
	"testing"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// BenchmarkDiff decides about a settled pool of n workers; the time of one
// decision should grow with n and no faster.
func BenchmarkDiff(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("workers=%d", n), func(b *testing.B) {
			s := steady(setWarm(n), func(p *spec.Pool) {
				limit := n + 10
				p.Spec.Workers.Max = &limit
			})
			b.ReportAllocs()
			for b.Loop() {
				if p := reconcile.Diff(*s); len(p.Actions) > 0 {
					b.Fatalf("a settled pool has a plan:\n%s", p)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/worker")
		})
	}
}
