package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"hal-controller/pkg/spec"
)

// progress shows how pools become what they should be. It is safe for
// concurrent use.
type progress interface {
	// Update takes the pools as they are now, by name. They must not be changed
	// afterwards.
	Update(pools []spec.Pool)
	// Done ends the display; it can be repeated.
	Done()
}

// newProgress makes the display of a mode on standard error. What else is written
// there from now on goes above a live table.
func (a *app) newProgress(mode string) (progress, error) {
	p, err := newProgress(mode, a.errOut)
	if above, live := p.(io.Writer); live {
		a.errOut = above
	}
	return p, err
}

var progressModes = []string{"auto", "tty", "plain", "json", "quiet"}

// newProgress makes the display of a mode, on w. The mode auto is tty where a
// person watches, else plain.
func newProgress(mode string, w io.Writer) (progress, error) {
	if mode == "auto" {
		mode = "plain"
		if isTerminal(w) && !unattended() {
			mode = "tty"
		}
	}
	switch mode {
	case "tty":
		return newLiveTable(w, terminalSize(w)), nil
	case "plain":
		return &transitionLog{now: time.Now, print: plainLines(w)}, nil
	case "json":
		return &transitionLog{now: time.Now, print: jsonLines(w)}, nil
	case "quiet":
		return quiet{}, nil
	default:
		return nil, usagef("--progress %q%s: it is one of %s", mode, didYouMean(mode, progressModes), strings.Join(progressModes, ", "))
	}
}

// unattended says that a terminal is none that a person watches, or that can be
// written to but at its end.
func unattended() bool {
	ci := os.Getenv("CI")
	return os.Getenv("TERM") == "dumb" || (ci != "" && ci != "false")
}

type quiet struct{}

func (quiet) Update([]spec.Pool) {}
func (quiet) Done()              {}

func plainLines(w io.Writer) func(time.Time, transition) {
	return func(at time.Time, t transition) {
		fmt.Fprintf(w, "%s %s\n", at.Format(time.TimeOnly), t)
	}
}

func jsonLines(w io.Writer) func(time.Time, transition) {
	return func(at time.Time, t transition) {
		_ = printJSONLine(w, struct {
			Time time.Time `json:"time"`
			transition
		}{at, t})
	}
}
