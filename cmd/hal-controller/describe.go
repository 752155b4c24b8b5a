package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

const describeLong = `Show all that is known of a pool, a worker, a service, a volume or a claim: what is
declared, how it is, and what has happened to it lately.

A NAME without a type is that of a pool, else of a container or a volume.`

func newDescribe(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "describe TYPE/NAME|NAME", Short: "Show all that is known of a thing", Long: describeLong,
		GroupID: groupRead, ValidArgsFunction: a.completeTargets,
		Example: "  hal-controller describe pool/dev\n  hal-controller describe worker hal-dev-0\n  hal-controller describe hal-dev-parent\n  hal-controller describe claim fix",
		RunE: func(c *cobra.Command, args []string) error {
			if names, claims := claimArguments(args); claims {
				return a.describeClaims(c.Context(), names)
			}
			return a.describe(c, args)
		},
	}
}

func (a *app) describe(c *cobra.Command, args []string) error {
	t, err := describeTarget(c, args)
	if err != nil {
		return err
	}
	ctx := c.Context()
	r, done, err := a.tellingReader(ctx)
	if err != nil {
		return err
	}
	defer done()
	pools, err := r.Pools(ctx)
	if err != nil {
		return err
	}
	if t.name == "" {
		t.resource = kindOf(pools, t.names[0])
	}
	rows, err := t.find(pools, "")
	if err == nil && len(rows) == 0 {
		fmt.Fprintf(a.errOut, "no %s found\n", t.words[0])
	}
	for i, found := range rows {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if describeErr := a.describeOne(ctx, r, t, pools, found); describeErr != nil {
			return describeErr
		}
	}
	return err
}

// describeTarget is targetOf that also takes one name alone.
func describeTarget(c *cobra.Command, args []string) (target, error) {
	t, err := targetOf(c, args)
	if err != nil && len(args) == 1 && !strings.Contains(args[0], "/") {
		return target{names: args}, nil
	}
	return t, err
}

// kindOf is the kind of the first thing with a name; pool where nothing has it.
func kindOf(pools []spec.Pool, name string) resource {
	for _, kind := range resources {
		for _, r := range kind.rowsOf(pools, "") {
			if r.name == name {
				return kind
			}
		}
	}
	return resources[0]
}

func (a *app) describeOne(ctx context.Context, r reader, t target, pools []spec.Pool, found row) error {
	events, err := r.Events(ctx, found.pool)
	if err != nil {
		return err
	}
	pool, err := poolNamed(pools, found.pool)
	if err != nil {
		return err
	}
	d := description{now: time.Now()}
	switch t.name {
	case "pool":
		d.pool(pool)
	default:
		d.row(t.resource, found)
		events = eventFilter{object: found.name}.of(events)
	}
	d.events(events)
	_, err = d.WriteTo(a.out)
	return err
}

// describedEvents is how many of the latest events are shown.
const describedEvents = 20

func (d *description) events(events []reconcile.Event) {
	events = events[max(0, len(events)-describedEvents):]
	d.section("Events", eventColumns, eventCells(events, d.now))
}
