//go:build bench

package bench

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// The peers, in the order of their columns.
const (
	sideBare    = "BARE"
	sideCompose = "COMPOSE"
	sideSwarm   = "SWARM"
	sideRun     = "DOCKER RUN"
)

var peerColumns = []string{sideBare, sideCompose, sideSwarm, sideRun}

// figure is what stands in a column, and the time that ratios are taken of.
type figure struct {
	text string
	of   time.Duration
}

func medianOf(times []time.Duration) figure {
	m := median(times)
	return figure{text(m), m}
}

// spreadOf is what table.percentiles prints; its ratio is of the p50.
func spreadOf(times []time.Duration) figure {
	if len(times) == 0 {
		return figure{text: "none"}
	}
	var one table
	one.percentiles("", times, "")
	return figure{one.rows[0][1], median(times)}
}

// peerTable has a column for each peer, and one for how many times our time it takes.
type peerTable struct{ rows [][]string }

func (t *peerTable) add(measure string, us figure, beside map[string]figure, note string) {
	row := []string{measure, us.text}
	for _, peer := range peerColumns {
		f, measured := beside[peer]
		switch {
		case !measured:
			row = append(row, "", "")
		case us.of == 0 || f.of == 0:
			row = append(row, f.text, "")
		default:
			row = append(row, f.text, fmt.Sprintf("%.2f", float64(f.of)/float64(us.of)))
		}
	}
	t.rows = append(t.rows, append(row, note))
}

func (t *peerTable) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	heading := "MEASURE\tCONTROLLER"
	for _, peer := range peerColumns {
		heading += "\t" + peer + "\t/ OURS"
	}
	fmt.Fprintln(w, heading+"\tNOTE")
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush()
}
