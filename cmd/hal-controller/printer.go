package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"

	"hal-controller/pkg/spec"
)

// table prints rows in columns. Rows printed later, as in a watch, stay in line
// with the earlier ones.
type table struct {
	w      io.Writer
	widest []string // the widest cell so far of each column
}

// print writes rows of equally many cells. An empty cell is shown as "-", so that
// a program can count on the number of columns.
func (t *table) print(rows ...[]string) error {
	var buffer bytes.Buffer
	columns := tabwriter.NewWriter(&buffer, 0, 0, 3, ' ', 0)
	for _, cells := range rows {
		t.widen(cells)
	}
	fmt.Fprintln(columns, strings.Join(t.widest, "\t"))
	for _, cells := range rows {
		fmt.Fprintln(columns, strings.Join(shown(cells), "\t"))
	}
	_ = columns.Flush() // into memory
	// The widest cells are there to set the widths, not to be seen.
	_, _ = buffer.ReadString('\n')
	_, err := buffer.WriteTo(t.w)
	return err
}

func (t *table) widen(cells []string) {
	if t.widest == nil {
		t.widest = make([]string, len(cells))
	}
	for i, cell := range shown(cells) {
		if utf8.RuneCountInString(cell) > utf8.RuneCountInString(t.widest[i]) {
			t.widest[i] = cell
		}
	}
}

// shown are cells that keep to their column and line.
func shown(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = sentence(cell)
		if out[i] == "" {
			out[i] = "-"
		}
	}
	return out
}

// cellsOf are a row's cells in the order of columns.
func cellsOf(r row, columns []string, now time.Time) []string {
	cells := make([]string, len(columns))
	for i, column := range columns {
		switch column {
		case "NAME":
			cells[i] = r.name
		case "POOL":
			cells[i] = r.pool
		case "AGE":
			cells[i] = age(r.created, now)
		default:
			cells[i] = r.cells[column]
		}
	}
	return cells
}

// age is how long ago t was, as kubectl says it; empty where t is not known.
func age(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	// Clocks of two machines differ a little; "<invalid>" helps nobody.
	return duration.HumanDuration(max(0, now.Sub(t)))
}

// printObjects writes one object as it is, and any other number as a list.
func printObjects(w io.Writer, output string, objects []any, single bool) error {
	var v any = map[string]any{"apiVersion": spec.APIVersion, "kind": "List", "items": append([]any{}, objects...)}
	if single && len(objects) == 1 {
		v = objects[0]
	}
	if output == "json" {
		return printJSON(w, v)
	}
	text, err := spec.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// printJSONLine writes v as one line, for a program that reads a stream.
func printJSONLine(w io.Writer, v any) error { return encodeJSON(w, v, "") }

// encodeJSON escapes those control characters, too, that JSON may have as they are: what
// it is printed for may be a terminal.
func encodeJSON(w io.Writer, v any, indent string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", indent)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(spec.EscapeJSON(text.Bytes()))
	return err
}
