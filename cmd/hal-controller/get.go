package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

const getLong = `Show pools, workers, services, volumes or claims.

Where no daemon runs, the engine is asked instead, but for claims: it knows what is
there, and not what is declared. The age of a pool is that of its oldest container.`

type getOptions struct {
	output    string
	noHeaders bool
	watch     bool
	pool      string
}

func newGet(a *app) *cobra.Command {
	var o getOptions
	output := choiceOf("table", "wide", "json", "yaml", "name")
	c := &cobra.Command{
		Use: "get pools|workers|services|volumes|claims [NAME…]", Short: "Show pools, workers, services, volumes or claims", Long: getLong,
		GroupID: groupRead, ValidArgsFunction: a.completeTargets,
		Example: "  hal-controller get pools\n  hal-controller get workers --pool dev -w\n  hal-controller get pool/dev -o yaml",
		RunE: func(c *cobra.Command, args []string) error {
			o.output = output.word
			if names, claims := claimArguments(args); claims {
				return a.getClaims(c.Context(), names, o)
			}
			t, err := targetOf(c, args)
			if err != nil {
				return err
			}
			if o.watch && o.output == "yaml" {
				return usagef("--watch prints table, wide, name or json (a line each), and not yaml")
			}
			return a.get(c.Context(), t, o)
		},
	}
	choiceFlag(c, output, "output", "o", "form of the result")
	c.Flags().BoolVar(&o.noHeaders, "no-headers", false, "no line of column titles")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on and print each change")
	c.Flags().StringVar(&o.pool, "pool", "", "only what is of this pool")
	_ = c.RegisterFlagCompletionFunc("pool", a.completePoolFlag)
	return c
}

func (a *app) get(ctx context.Context, t target, o getOptions) error {
	r, done, err := a.tellingReader(ctx)
	if err != nil {
		return err
	}
	defer done()
	client, served := r.(*api.Client)
	if o.watch && !served {
		return fmt.Errorf("watch %s: %w at %s, and only one knows of changes", t.words[0], api.ErrNoDaemon, a.socketPath())
	}
	pools, err := r.Pools(ctx)
	if err != nil {
		return err
	}
	rows, err := t.find(pools, o.pool)
	printer := newPrinter(a.out, t, o)
	if printErr := printer.all(rows); printErr != nil {
		return printErr
	}
	if err != nil {
		return err
	}
	if o.watch {
		return watchRows(ctx, client, t, o, printer)
	}
	if len(rows) == 0 {
		fmt.Fprintf(a.errOut, "no %s found\n", t.words[0])
	}
	return nil
}

// find are the rows that were asked for. The error is about names, of those or of
// the pool, that nothing has.
func (t target) find(pools []spec.Pool, only string) ([]row, error) {
	if only != "" {
		if _, err := poolNamed(pools, only); err != nil {
			return nil, err
		}
	}
	var rows []row
	var names []string
	for _, r := range t.rowsOf(pools, only) {
		names = append(names, r.name)
		if t.matches(r) {
			rows = append(rows, r)
		}
	}
	var missing []error
	for _, name := range t.names {
		if !slices.Contains(names, name) {
			missing = append(missing, notFound(t.name, name, names))
		}
	}
	return rows, errors.Join(missing...)
}

// notFound is the same answer as a daemon's.
func notFound(kind, name string, among []string) error {
	return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no %s %q%s", kind, name, didYouMean(name, among))}
}

func poolNamed(pools []spec.Pool, name string) (spec.Pool, error) {
	var names []string
	for _, p := range pools {
		if p.Metadata.Name == name {
			return p, nil
		}
		names = append(names, p.Metadata.Name)
	}
	return spec.Pool{}, notFound("pool", name, names)
}

// watchRows prints each row that changes. A row whose age alone moves on is no change.
func watchRows(ctx context.Context, client *api.Client, t target, o getOptions, p *printer) error {
	for change, err := range client.WatchPools(ctx) {
		if err != nil {
			return err
		}
		if o.pool != "" && change.Object.Metadata.Name != o.pool {
			continue
		}
		rows := slices.DeleteFunc(t.rows(change.Object), func(r row) bool { return !t.matches(r) })
		if change.Type == api.ChangeDeleted {
			rows = nil
		}
		if err := p.changed(change.Object.Metadata.Name, rows, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

func isNotFound(err error) bool {
	var answer *api.Error
	return errors.As(err, &answer) && answer.Code == api.CodeNotFound
}
