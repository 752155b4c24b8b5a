package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("The live table", func() {
	var (
		terminal      *screen
		table         *liveTable
		width, height int
	)
	starting, ready := worldWith(container("hal-dev-0", "Starting")), worldWith(container("hal-dev-0", "Ready"))
	BeforeEach(func() {
		terminal, width, height = &screen{}, 80, 24
		table = newLiveTable(terminal, func() (int, int) { return width, height })
	})

	It("is redrawn in place", func() {
		table.Update(starting)
		table.Update(ready)
		Expect(terminal.rows()).To(Equal([]string{
			"NAME         READY  WARM  STATUS",
			"pool/dev     0      3     Ready",
			"  hal-dev-0               Ready",
		}))
	})
	It("is not drawn again when it would look the same", func() {
		table.Update(ready)
		before := terminal.writes
		table.Update(ready)
		Expect(terminal.writes).To(Equal(before))
	})
	It("is drawn in one write, so that it cannot be seen half done", func() {
		table.Update(starting)
		table.Update(ready)
		Expect(terminal.writes).To(Equal(2))
	})
	It("leaves no rest of a longer table", func() {
		table.Update(worldWith(container("hal-dev-0", "Ready"), container("hal-dev-1", "Ready")))
		table.Update(ready)
		Expect(terminal.rows()).To(HaveLen(3))
	})
	It("stays below the lines of a log", func() {
		table.Update(starting)
		fmt.Fprintln(table, "first")
		table.Update(ready)
		fmt.Fprintln(table, "second")
		Expect(terminal.rows()).To(Equal([]string{
			"first", "second",
			"NAME         READY  WARM  STATUS",
			"pool/dev     0      3     Ready",
			"  hal-dev-0               Ready",
		}))
	})
	It("is whole whatever is written beside it", func() {
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				fmt.Fprintf(table, "log %d\n", i)
				table.Update(worldWith(container("hal-dev-0", fmt.Sprint("Phase", i))))
			})
		}
		group.Wait()
		rows := terminal.rows()
		Expect(rows).To(HaveLen(20 + 3))
		Expect(rows[:20]).To(HaveEach(MatchRegexp(`^log \d+$`)))
		Expect(rows[20]).To(HavePrefix("NAME"))
	})
	It("leaves its last state on the screen, and what comes later below", func() {
		table.Update(ready)
		table.Done()
		table.Done()
		table.Update(starting)
		fmt.Fprintln(table, "bye")
		Expect(terminal.rows()).To(Equal([]string{
			"NAME         READY  WARM  STATUS",
			"pool/dev     0      3     Ready",
			"  hal-dev-0               Ready",
			"bye",
		}))
	})
	It("leaves the cursor visible and wrapping on after every frame", func() {
		table.Update(starting)
		fmt.Fprintln(table, "log")
		Expect(terminal.hidden).To(BeFalse())
		Expect(terminal.noWrap).To(BeFalse())
	})
	It("finds its place again on a terminal that has become narrower", func() {
		Expect(rowsOf([]string{"", strings.Repeat("x", 80), strings.Repeat("x", 81), "x"}, 40)).To(Equal(1 + 2 + 3 + 1))
	})
	It("is clipped to the width", func() {
		width = 20
		table.Update(ready)
		Expect(terminal.rows()).To(HaveEach(WithTransform(func(s string) int { return len([]rune(s)) }, BeNumerically("<=", 20))))
		Expect(terminal.rows()[0]).To(Equal("NAME         READY …"))
	})
	It("hides what is ready first where there is no room for all", func() {
		height = 6
		table.Update(worldWith(
			container("hal-dev-0", "Ready"), container("hal-dev-1", "Failed"), container("hal-dev-2", "Ready"), container("hal-dev-3", "Ready")))
		Expect(terminal.rows()).To(Equal([]string{
			"NAME         READY  WARM  STATUS",
			"pool/dev     0      3     Ready",
			"  hal-dev-1               Failed",
			"  … 3 ready",
		}))
	})
	It("says how much it hides beyond that", func() {
		height = 4
		var all []spec.ContainerStatus
		for i := range 10 {
			all = append(all, container(fmt.Sprint("hal-dev-", i), "Starting"))
		}
		table.Update(worldWith(all...))
		Expect(terminal.rows()).To(Equal([]string{
			"NAME         READY  WARM  STATUS",
			"pool/dev     0      3     Ready",
			"… 10 more lines",
		}))
	})
	It("says why a pool is not ready", func() {
		table.Update([]spec.Pool{poolAt(1, condition(spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, "1 of 3 warm workers ready"))})
		Expect(terminal.rows()[1]).To(HaveSuffix("BelowMinimum: 1 of 3 warm workers ready"))
	})
})

// screen is as much of a terminal as the live table uses, without an end.
type screen struct {
	lines          [][]rune
	row, column    int
	hidden, noWrap bool
	writes         int
}

var escape = regexp.MustCompile(`^\x1b\[(\??)(\d*)([A-Za-z])`)

func (s *screen) Write(text []byte) (int, error) {
	s.writes++
	for rest := text; len(rest) > 0; {
		if m := escape.FindSubmatch(rest); m != nil {
			s.obey(string(m[1])+string(m[3]), string(m[2]))
			rest = rest[len(m[0]):]
			continue
		}
		r := bytes.Runes(rest)[0]
		rest = rest[len(string(r)):]
		s.put(r)
	}
	return len(text), nil
}

func (s *screen) obey(command, argument string) {
	n, _ := strconv.Atoi(argument)
	switch command {
	case "A":
		s.row -= n
	case "K":
		s.at()
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
	case "J":
		s.obey("K", "")
		s.lines = s.lines[:s.row+1]
	case "?l", "?h":
		on := command == "?h"
		switch argument {
		case "25":
			s.hidden = !on
		case "7":
			s.noWrap = !on
		}
	}
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.column = 0
	case '\n':
		s.row, s.column = s.row+1, 0
	default:
		s.at()
		s.lines[s.row] = append(s.lines[s.row][:s.column], append([]rune{r}, s.lines[s.row][min(s.column+1, len(s.lines[s.row])):]...)...)
		s.column++
	}
}

// at makes the line that the cursor is on.
func (s *screen) at() {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
}

// rows are the lines that have anything on them, to the last.
func (s *screen) rows() []string {
	var rows []string
	for _, line := range s.lines {
		rows = append(rows, string(line))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}
