package main

import (
	"fmt"
	"io"
	"strings"
)

const (
	// linesKept is how much is shown of the output of a build that failed.
	linesKept = 20
	// stepWidth is how much of an instruction is shown, in characters.
	stepWidth = 100
)

// lastLines keeps the last lines of a build, which are why it failed.
type lastLines []string

func (l *lastLines) add(line string) {
	*l = append(*l, line)
	*l = (*l)[max(0, len(*l)-linesKept):]
}

func (l lastLines) print(w io.Writer) {
	for _, line := range l {
		fmt.Fprintf(w, "    %s\n", line)
	}
}

// shortened is an instruction on one line that is not too long.
func shortened(instruction string) string {
	text := []rune(strings.Join(strings.Fields(instruction), " "))
	if len(text) <= stepWidth {
		return string(text)
	}
	return string(text[:stepWidth-1]) + "…"
}
