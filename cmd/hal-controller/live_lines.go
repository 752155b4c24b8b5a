package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"hal-controller/pkg/spec"
)

// tableLines are the lines of the live table, clipped to a terminal of this
// size. Where there is no room for all, containers that are ready go first.
func tableLines(pools []spec.Pool, width, height int) []string {
	room := max(1, height-1) // the cursor has a line of its own
	lines := tableOf(pools, func(spec.ContainerStatus) bool { return true })
	if len(lines) > room {
		lines = tableOf(pools, func(c spec.ContainerStatus) bool { return c.Phase != "Ready" })
	}
	if hidden := len(lines) - room; hidden > 0 {
		lines = append(lines[:room-1], fmt.Sprintf("… %d more lines", hidden+1))
	}
	for i := range lines {
		lines[i] = clipped(lines[i], width)
	}
	return lines
}

// tableOf has a row for each pool, and below it one for each container shown.
func tableOf(pools []spec.Pool, shown func(spec.ContainerStatus) bool) []string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tREADY\tWARM\tSTATUS")
	for _, p := range pools {
		status := *orEmpty(p.Status)
		fmt.Fprintf(table, "pool/%s\t%d\t%d\t%s\n", p.Metadata.Name, status.Ready, p.Spec.Workers.Warm, printable(poolStatus(p.Status)))
		left := 0
		for _, c := range containersOf(status) {
			if !shown(c) {
				left++
				continue
			}
			fmt.Fprintf(table, "  %s\t\t\t%s\n", c.Name, printable(containerStatus(c)))
		}
		if left > 0 {
			fmt.Fprintf(table, "  … %d ready\t\t\t\n", left)
		}
	}
	table.Flush() // a strings.Builder takes everything
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// poolStatus is how a pool is, and why where there is something to tell.
func poolStatus(status *spec.PoolStatus) string {
	word, message := headline(status)
	if word == "Ready" || message == "" {
		return word
	}
	return word + ": " + message
}

func containerStatus(c spec.ContainerStatus) string {
	text := c.Phase
	if c.Claim != "" {
		text += " by " + c.Claim
	}
	if c.Message != "" {
		text += ": " + c.Message
	}
	return text
}

// printable keeps what a container has written from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// clipped cuts a line to the columns of a terminal.
func clipped(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width || width < 1 {
		return line
	}
	return string(runes[:width-1]) + "…"
}
