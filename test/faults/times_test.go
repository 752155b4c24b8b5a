//go:build e2e

package faults_test

import "time"

// Times. Faults last no longer than a person would wait; what is given up sooner is
// the controller's to decide.
const (
	lateness        = 2 * time.Second
	resync          = 3 * time.Second
	startPatience   = 30 * time.Second
	workerPatience  = 5 * time.Second
	claimPatience   = 10 * time.Second
	commandPatience = 20 * time.Second
	// occurrence is how long a call of a kind may be in coming.
	occurrence = 20 * time.Second
)

// patience is how long a hanging call hangs: in the long form longer than the
// controller waits for any.
var patience = inForm(4*time.Second, 75*time.Second)

// bound is how soon all must be as declared.
var bound = inForm(60*time.Second, 150*time.Second)

func inForm[T any](short, long T) T {
	if full {
		return long
	}
	return short
}
