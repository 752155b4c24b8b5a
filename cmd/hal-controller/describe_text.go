package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"hal-controller/pkg/spec"
)

// description is text about one thing: fields, then sections of tables.
type description struct {
	bytes.Buffer
	now time.Time
}

const fieldWidth = 14

// field writes one, or nothing where there is no value.
func (d *description) field(name, value string) {
	if value != "" {
		fmt.Fprintf(d, "%-*s %s\n", fieldWidth, name+":", sentence(value))
	}
}

// section writes a table below a title, or nothing where it has no rows.
func (d *description) section(title string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	var text bytes.Buffer
	t := table{w: &text}
	_ = t.print(append([][]string{columns}, rows...)...) // into memory
	fmt.Fprintf(d, "%s:\n", title)
	for line := range strings.Lines(text.String()) {
		d.WriteString("  " + line)
	}
}

func (d *description) pool(p spec.Pool) {
	d.field("Name", p.Metadata.Name)
	for _, l := range sortedPairs(p.Metadata.Labels) {
		d.field("Label", l)
	}
	if declared(p) {
		d.declared(p.Spec)
	}
	status := *orEmpty(p.Status)
	d.field("Source", status.Source)
	if status.ObservedGeneration > 0 {
		d.field("Generation", fmt.Sprint(status.ObservedGeneration))
	}
	d.field("Revision", status.Revision)
	word, message := headline(p.Status)
	d.field("Status", word+clause(message, ""))
	d.field("Counts", fmt.Sprintf("%d ready, %d claimed, %d creating, %d terminating, %d failed, %d updated",
		status.Ready, status.Claimed, status.Creating, status.Terminating, status.Failed, status.Updated))
	d.section("Conditions", []string{"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"}, d.conditions(status.Conditions))
	for _, kind := range resources[1:] {
		d.section(title(kind.words[0]), kind.columns, d.cells(kind, p))
	}
	d.section("Waiting", []string{"OBJECT", "REASON", "NEXT TRY", "MESSAGE"}, d.waiting(status.Waiting))
}

func (d *description) cells(kind resource, p spec.Pool) [][]string {
	var cells [][]string
	for _, r := range kind.rows(p) {
		cells = append(cells, cellsOf(r, kind.columns, d.now))
	}
	return cells
}

func (d *description) conditions(conditions []spec.Condition) [][]string {
	var cells [][]string
	for _, c := range conditions {
		cells = append(cells, []string{c.Type, c.Status, c.Reason, age(c.LastTransitionTime, d.now), c.Message})
	}
	return cells
}

func (d *description) waiting(all []spec.Waiting) [][]string {
	var cells [][]string
	for _, w := range all {
		next := ""
		if !w.Until.IsZero() {
			next = "in " + duration.HumanDuration(max(0, w.Until.Sub(d.now)))
		}
		cells = append(cells, []string{w.Object, w.Reason, next, w.Message})
	}
	return cells
}

// row writes a worker, a service or a volume: all its columns, a line each.
func (d *description) row(kind resource, r row) {
	columns := append(append([]string{}, kind.columns...), kind.wide...)
	cells := cellsOf(r, columns, d.now)
	for i, column := range columns {
		value := cells[i]
		if column == "AGE" && !r.created.IsZero() {
			value += r.created.In(d.now.Location()).Format(" (" + time.DateTime + ")")
		}
		d.field(title(strings.ToLower(column)), value)
	}
}

// title is a word as a field or a section begins with it.
func title(word string) string {
	if word == "id" {
		return "ID"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
