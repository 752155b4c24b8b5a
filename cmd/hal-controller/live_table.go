package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"hal-controller/pkg/spec"
)

// liveTable is the progress that redraws a table in place, at the end of what
// the terminal shows. Other lines, such as those of a log, are written through
// it and appear above the table.
//
// Each frame is one write that leaves the cursor visible and below the table, so
// that a process that ends at any time leaves the terminal in order.
type liveTable struct {
	w    io.Writer
	size func() (width, height int)

	mu     sync.Mutex
	pools  []spec.Pool
	drawn  []string // the lines on the screen
	width  int      // that they were drawn for
	closed bool
}

func newLiveTable(w io.Writer, size func() (width, height int)) *liveTable {
	return &liveTable{w: w, size: size}
}

// Update draws the table if it looks different now.
func (t *liveTable) Update(pools []spec.Pool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pools = slices.Clone(pools)
	if t.closed {
		return
	}
	width, height := t.size()
	lines := tableLines(t.pools, width, height)
	if width == t.width && slices.Equal(lines, t.drawn) {
		return
	}
	_ = t.draw(nil, lines, width)
}

// Write puts whole lines above the table.
func (t *liveTable) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.w.Write(text)
	}
	width, height := t.size()
	if err := t.draw(text, tableLines(t.pools, width, height), width); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Done leaves the last table on the screen. What is written later comes below.
func (t *liveTable) Done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// Sequences of a terminal that speaks as a VT100 does. One that does not know
// of synchronised updates ignores those.
const (
	beginFrame = "\x1b[?2026h\x1b[?25l\x1b[?7l" // synchronised, cursor hidden, no wrapping
	endFrame   = "\x1b[?7h\x1b[?25h\x1b[?2026l"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

// draw replaces what is on the screen, in one write: above goes where the table
// was, and the lines of the new table below it.
func (t *liveTable) draw(above []byte, lines []string, width int) error {
	var frame bytes.Buffer
	frame.WriteString(beginFrame)
	if up := rowsOf(t.drawn, width); up > 0 {
		frame.WriteString("\r\x1b[" + strconv.Itoa(up) + "A")
	}
	if len(above) > 0 {
		frame.WriteString(clearBelow + "\x1b[?7h")
		frame.Write(above)
		if above[len(above)-1] != '\n' {
			frame.WriteByte('\n')
		}
		frame.WriteString("\x1b[?7l")
	}
	for _, line := range lines {
		frame.WriteString(line + clearLine + "\n")
	}
	frame.WriteString(clearBelow + endFrame)
	t.drawn, t.width = lines, width
	_, err := t.w.Write(frame.Bytes())
	return err
}

// rowsOf is how many rows lines take on a terminal that has become as narrow as
// width since they were drawn, and has wrapped them.
func rowsOf(lines []string, width int) int {
	rows := 0
	for _, line := range lines {
		rows += 1 + max(0, utf8.RuneCountInString(line)-1)/max(1, width)
	}
	return rows
}

// terminalSize asks for the size of the terminal that w is, each time.
func terminalSize(w io.Writer) func() (width, height int) {
	return func() (int, int) {
		if file, ok := w.(*os.File); ok {
			if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 0 && height > 0 {
				return width, height
			}
		}
		return 80, 24
	}
}
