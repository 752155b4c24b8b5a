package faultproxy

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// Call is a call that is about to be passed on.
type Call struct {
	Kind Kind
	Path string
	// N is how many of its kind there have been since Begin, this one too.
	N int
}

// Chooser says which fault a call has. It is called from several goroutines.
type Chooser func(Call) Fault

// Nth has the nth call of a kind go wrong, counted from 1, and no other.
func Nth(k Kind, n int, f Fault) Chooser {
	return func(c Call) Fault {
		if c.Kind == k && c.N == n {
			return f
		}
		return ""
	}
}

// AtRate has that part of all calls go wrong, 0 to 1, each with one of the faults
// that fit it. A seed gives the same row of choices, though calls that run side by
// side may take their turns in another order.
func AtRate(rate float64, seed uint64, faults ...Fault) Chooser {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	return func(c Call) Fault {
		mu.Lock()
		defer mu.Unlock()
		fitting := slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return !f.Fits(c.Kind) })
		if len(fitting) == 0 || random.Float64() >= rate {
			return ""
		}
		return fitting[random.IntN(len(fitting))]
	}
}
