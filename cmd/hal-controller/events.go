package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
)

const eventsLong = `Show what the controller has done, and what has happened to what it keeps, the
latest last. The daemon keeps the last 1000 events, as long as it runs.`

type eventOptions struct {
	about     string
	types     []string
	output    string
	watch     bool
	noHeaders bool
}

func newEvents(a *app) *cobra.Command {
	var o eventOptions
	output := choiceOf("table", "json")
	c := &cobra.Command{
		Use: "events [--for pool/NAME]", Short: "Show what has happened", Long: eventsLong,
		GroupID: groupRead, Args: noArguments,
		Example: "  hal-controller events --for pool/dev -w\n  hal-controller events --for worker/hal-dev-0 --types Warning",
		RunE: func(c *cobra.Command, _ []string) error {
			o.output = output.word
			filter, err := eventFilterOf(o.about, o.types)
			if err != nil {
				return err
			}
			return a.events(c.Context(), filter, o)
		},
	}
	c.Flags().StringVar(&o.about, "for", "", "only of this: pool/NAME with all that is in it, or worker/NAME, service/NAME, volume/NAME")
	c.Flags().StringSliceVar(&o.types, "types", nil, "only of these types: Normal, Warning")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on and print each event as it happens")
	c.Flags().BoolVar(&o.noHeaders, "no-headers", false, "no line of column titles")
	choiceFlag(c, output, "output", "o", "form of the result: json is a line each")
	_ = c.RegisterFlagCompletionFunc("for", a.completeObjects)
	_ = c.RegisterFlagCompletionFunc("types", cobra.FixedCompletions(
		[]string{reconcile.EventNormal, reconcile.EventWarning}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// eventFilter says which events are wanted.
type eventFilter struct {
	pool, object string // "" is all
	types        []string
}

func eventFilterOf(about string, types []string) (eventFilter, error) {
	f := eventFilter{}
	known := []string{reconcile.EventNormal, reconcile.EventWarning}
	for _, t := range types {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, t) })
		if i < 0 {
			return f, usagef("there is no event type %q%s", t, oneOf(t, known))
		}
		f.types = append(f.types, known[i])
	}
	if about == "" {
		return f, nil
	}
	word, name, qualified := strings.Cut(about, "/")
	if !qualified {
		word, name = "pool", about
	}
	kind, err := resourceOf(word)
	switch {
	case err != nil:
		return f, err
	case name == "":
		return f, usagef("--for %q: say TYPE/NAME, as in pool/dev", about)
	case kind.name == "pool":
		f.pool = name
	default:
		f.object = name
	}
	return f, nil
}

// oneOf is a hint to the nearest word, or to all of them.
func oneOf(word string, among []string) string {
	if hint := didYouMean(word, among); hint != "" {
		return hint
	}
	return ": it is one of " + strings.Join(among, ", ")
}

func (f eventFilter) matches(e reconcile.Event) bool {
	return (f.pool == "" || e.Pool == f.pool) && (f.object == "" || e.Object == f.object) &&
		(len(f.types) == 0 || slices.Contains(f.types, e.Type))
}

func (f eventFilter) of(events []reconcile.Event) []reconcile.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e reconcile.Event) bool { return !f.matches(e) })
}

func (a *app) events(ctx context.Context, f eventFilter, o eventOptions) error {
	client := a.client()
	events, err := client.Events(ctx, f.pool)
	if err != nil {
		return err
	}
	if len(events) == 0 && f.pool != "" {
		if _, err := client.Pool(ctx, f.pool); err != nil {
			return err // nothing has happened to it because it is not there
		}
	}
	p := eventPrinter{w: a.out, table: table{w: a.out}, eventOptions: o}
	past := f.of(events)
	if err := p.print(past, time.Now()); err != nil {
		return err
	}
	if !o.watch {
		if len(past) == 0 {
			fmt.Fprintln(a.errOut, "no events found")
		}
		return nil
	}
	printed := map[reconcile.Event]bool{}
	for _, e := range events {
		printed[e] = true
	}
	for e, err := range client.WatchEvents(ctx, f.pool) {
		if err != nil {
			return err
		}
		if printed[e] || !f.matches(e) {
			continue
		}
		if err := p.print([]reconcile.Event{e}, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// eventPrinter prints events as they come.
type eventPrinter struct {
	eventOptions
	w     io.Writer
	table table
}

var eventColumns = []string{"AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"}

func (p *eventPrinter) print(events []reconcile.Event, now time.Time) error {
	if len(events) == 0 {
		return nil
	}
	if p.output == "json" {
		for _, e := range events {
			if err := printJSONLine(p.w, e); err != nil {
				return err
			}
		}
		return nil
	}
	var cells [][]string
	if p.table.widest == nil && !p.noHeaders {
		cells = append(cells, eventColumns)
	}
	return p.table.print(append(cells, eventCells(events, now)...)...)
}

func eventCells(events []reconcile.Event, now time.Time) [][]string {
	var cells [][]string
	for _, e := range events {
		cells = append(cells, []string{age(e.Time, now), e.Type, e.Reason, e.Object, e.Message})
	}
	return cells
}
