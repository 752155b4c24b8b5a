//go:build e2e

package faults_test

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// results is the table that a run ends with.
var results table

type table struct{ rows []*row }

// row is what came of the runs with one fault.
type row struct {
	label      string
	runs       int
	injected   int
	recoveries int
	worst      time.Duration
	violations int
}

// row of a label, which is made where it is missing.
func (t *table) row(label string) *row {
	for _, r := range t.rows {
		if r.label == label {
			return r
		}
	}
	r := &row{label: label}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) converged(took time.Duration) {
	r.recoveries++
	r.worst = max(r.worst, took)
}

func (t *table) print() {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nfault\truns\tinjected\trecoveries\tworst time to converge\tviolations")
	for _, r := range t.rows {
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%.1f s\t%d\n", r.label, r.runs, r.injected, r.recoveries, r.worst.Seconds(), r.violations)
	}
	_ = out.Flush() // standard output
}
