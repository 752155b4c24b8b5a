package main

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"time"

	"hal-controller/pkg/api"
)

// printer prints the rows of one get, and remembers them for a watch.
type printer struct {
	target
	getOptions
	w     io.Writer
	table table
	shown map[string]row // by name
}

func newPrinter(w io.Writer, t target, o getOptions) *printer {
	return &printer{target: t, getOptions: o, w: w, table: table{w: w}, shown: map[string]row{}}
}

func (p *printer) titles() []string {
	if p.output == "wide" {
		return slices.Concat(p.columns, p.wide)
	}
	return p.columns
}

// all prints what there is.
func (p *printer) all(rows []row) error {
	for _, r := range rows {
		p.shown[r.name] = r
	}
	switch {
	case p.watch && p.output == "json":
		return p.lines(api.ChangeAdded, rows)
	case p.output == "json", p.output == "yaml":
		return p.objects(rows)
	case len(rows) == 0:
		return nil
	case p.output == "name":
		return p.names(rows)
	}
	var cells [][]string
	if !p.noHeaders {
		cells = append(cells, p.titles())
	}
	return p.table.print(append(cells, p.cells(rows, time.Now())...)...)
}

// objects prints one object for one name, a list for all else, and nothing
// where no name that was asked for is there.
func (p *printer) objects(rows []row) error {
	if len(rows) == 0 && len(p.target.names) > 0 {
		return nil
	}
	var objects []any
	for _, r := range rows {
		objects = append(objects, r.object)
	}
	return printObjects(p.w, p.output, objects, len(p.target.names) == 1)
}

func (p *printer) names(rows []row) error {
	for _, r := range rows {
		if _, err := fmt.Fprintf(p.w, "%s/%s\n", p.name, r.name); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) cells(rows []row, now time.Time) [][]string {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, cellsOf(r, p.titles(), now))
	}
	return cells
}

func (p *printer) lines(change api.ChangeType, rows []row) error {
	for _, r := range rows {
		line := struct {
			Type   api.ChangeType `json:"type"`
			Object any            `json:"object"`
		}{change, r.object}
		if err := printJSONLine(p.w, line); err != nil {
			return err
		}
	}
	return nil
}

// changed prints what is different in a pool from what was printed before: rows
// that are new, other or gone.
func (p *printer) changed(pool string, rows []row, now time.Time) error {
	var added, modified []row
	here := map[string]bool{}
	for _, r := range rows {
		here[r.name] = true
		was, known := p.shown[r.name]
		p.shown[r.name] = r
		switch {
		case !known:
			added = append(added, r)
		case p.differs(was, r):
			modified = append(modified, r)
		}
	}
	var deleted []row
	for _, name := range slices.Sorted(maps.Keys(p.shown)) {
		if r := p.shown[name]; r.pool == pool && !here[name] {
			delete(p.shown, name)
			deleted = append(deleted, r)
		}
	}
	return p.changes(added, modified, deleted, now)
}

// differs compares what is printed.
func (p *printer) differs(a, b row) bool {
	if p.output == "json" {
		return !reflect.DeepEqual(a.object, b.object)
	}
	for _, column := range p.titles() {
		if a.cells[column] != b.cells[column] {
			return true
		}
	}
	return false
}

func (p *printer) changes(added, modified, deleted []row, now time.Time) error {
	if p.output == "json" {
		return firstError(
			p.lines(api.ChangeAdded, added), p.lines(api.ChangeModified, modified), p.lines(api.ChangeDeleted, deleted))
	}
	rows := slices.Concat(added, modified, p.gone(deleted))
	switch {
	case len(rows) == 0:
		return nil
	case p.output == "name":
		return p.names(rows)
	case p.table.widest == nil && !p.noHeaders: // nothing was there before
		return p.table.print(append([][]string{p.titles()}, p.cells(rows, now)...)...)
	default:
		return p.table.print(p.cells(rows, now)...)
	}
}

// gone are rows as they were, but for the state.
func (p *printer) gone(rows []row) []row {
	var gone []row
	for _, r := range rows {
		r.cells = maps.Clone(r.cells)
		r.cells[p.state] = "Deleted"
		gone = append(gone, r)
	}
	return gone
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
