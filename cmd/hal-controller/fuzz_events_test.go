package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
)

// FuzzPrintEvent looks for what a container or a person may say that makes more than a
// line of a printed event, or that says something to the terminal.
func FuzzPrintEvent(f *testing.F) {
	f.Add("worker/hal-dev-0", "exited with code 1")
	f.Add("worker/hal-dev-0\n", "\x1b[2J\x1b]0;title\a\r\x00\x7f\u009b2J\u2028\xff")
	f.Fuzz(func(t *testing.T, object, message string) {
		g := NewWithT(t)
		var out bytes.Buffer
		p := eventPrinter{w: &out, table: table{w: &out}, eventOptions: eventOptions{noHeaders: true}}
		now := time.Now()
		g.Expect(p.print([]reconcile.Event{{Time: now, Pool: "dev", Type: reconcile.EventNormal, Reason: "Told", Object: object, Message: message}}, now)).To(Succeed())
		line, ended := strings.CutSuffix(out.String(), "\n")
		g.Expect(ended).To(BeTrue())
		g.Expect(strings.IndexFunc(line, unicode.IsControl)).To(Equal(-1), "%q", line)
	})
}
