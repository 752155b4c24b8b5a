package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a manifest, at the place where it is wrong.
// Empty parts are unknown or do not apply.
type Problem struct {
	File string
	// Line and Column count from 1; 0 is unknown.
	Line, Column int
	// Path is the field, as spec.workers.template.image.
	Path    string
	Message string
	// Warning marks what is ignored rather than refused.
	Warning bool
}

// Error is "pool.yaml:12:7: spec.workers.warm: message", without the empty parts.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Path != "" {
		b.WriteString(clip(p.Path, maxPathShown) + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are what is wrong with one or more manifests.
type Problems []Problem

// Error has one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Errors are the problems for which the manifest is refused.
func (ps Problems) Errors() Problems {
	return ps.filter(func(p Problem) bool { return !p.Warning })
}

// Warnings are the problems that change nothing.
func (ps Problems) Warnings() Problems {
	return ps.filter(func(p Problem) bool { return p.Warning })
}

// Err is nil where there are only warnings, and otherwise the errors, as Problems.
func (ps Problems) Err() error {
	if errs := ps.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

func (ps Problems) filter(keep func(Problem) bool) Problems {
	var kept Problems
	for _, p := range ps {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// sorted orders the problems of one file as they are met when reading it.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}

const maxPathShown = 200

// clip shortens s to about n bytes for a message.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
