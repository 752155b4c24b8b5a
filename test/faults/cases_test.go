//go:build e2e

package faults_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"hal-controller/test/faultproxy"
)

// faultCase is a fault of the nth call of a kind.
type faultCase struct {
	fault faultproxy.Fault
	kind  faultproxy.Kind
	n     int
}

// cases are those of all kinds that fit, or one for each fault. The seed chooses.
func cases() []faultCase {
	var all []faultCase
	random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
	for _, fault := range faultproxy.Faults() {
		var fitting []faultCase
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			if fault.Fits(kind) {
				fitting = append(fitting, faultCase{fault, kind, 1 + random.IntN(kinds[kind])})
			}
		}
		if !full {
			fitting = []faultCase{fitting[random.IntN(len(fitting))]}
		}
		all = append(all, fitting...)
	}
	return all
}

// rates are in percent of all calls.
func rates() []int { return inForm([]int{10}, []int{1, 10, 30}) }

// importFaults are those of the one call that is made once in an engine's life.
func importFaults() []faultproxy.Fault {
	fitting := slices.DeleteFunc(faultproxy.Faults(), func(f faultproxy.Fault) bool { return !f.Fits(importImage) })
	i := int(GinkgoRandomSeed()) % len(fitting)
	return inForm(fitting[i:i+1], fitting)
}

// onCalls has every call of a kind about one container go wrong, of any kind for "".
func onCalls(k faultproxy.Kind, id string, f faultproxy.Fault) faultproxy.Chooser {
	return func(c faultproxy.Call) faultproxy.Fault {
		if (k == "" || c.Kind == k) && strings.Contains(c.Path, id) {
			return f
		}
		return ""
	}
}

// firstOf has the first n calls of a kind go wrong.
func firstOf(k faultproxy.Kind, n int, f faultproxy.Fault) faultproxy.Chooser {
	return func(c faultproxy.Call) faultproxy.Fault {
		if c.Kind == k && c.N <= n {
			return f
		}
		return ""
	}
}
