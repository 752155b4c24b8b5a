package workspace

// For the tests, which are outside of the package as Ginkgo has an Entry and a
// Report too.
const MaxPatterns = maxPatterns

var (
	InGit = inGit
	Held  = held
)

func (r *Rules) Capped() bool { return r.capped }

// Hides returns a sieve as a function.
func (r *Rules) Hides() func(p Name, dir bool) bool {
	s := newSieve(r)
	return func(p Name, dir bool) bool { return s.hides(p, dir) != shown }
}
