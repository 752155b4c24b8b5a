package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const applyLong = `Put pools into the source of a running controller: each into the file that it is
in already, or into a file of its own in the controller's directory. Manifests
are checked here first, and again there; nothing is written unless all are valid.

With --wait it ends with 0 when every pool is as declared, 1 when one cannot
become so by itself, 3 when time is out.`

type applyOptions struct {
	dryRun  string
	output  string
	wait    bool
	timeout time.Duration
}

func newApply(a *app) *cobra.Command {
	var path manifestPath
	o := applyOptions{timeout: 2 * time.Minute}
	dryRun, output := choiceOf("none", "client", "server"), choiceOf("text", "name")
	c := &cobra.Command{
		Use: "apply -f PATH", Short: "Put pools into the source of a running controller", Long: applyLong,
		GroupID: groupChange, Args: noArguments,
		Example: "  hal-controller apply -f pool.yaml --wait\n  hal-controller apply -f pools/ --dry-run=server",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := path.required(); err != nil {
				return err
			}
			if err := checkTimeout(o.timeout); err != nil {
				return err
			}
			o.dryRun, o.output = dryRun.word, output.word
			return a.apply(c.Context(), string(path), o)
		},
	}
	path.flag(c, manifestUsage)
	choiceFlag(c, dryRun, "dry-run", "", "change nothing: client checks the manifests here, server asks the controller what it would do")
	choiceFlag(c, output, "output", "o", "form of the result")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until every applied pool is as declared")
	c.Flags().DurationVar(&o.timeout, "timeout", o.timeout, "give up waiting after this long")
	return c
}

func (a *app) apply(ctx context.Context, path string, o applyOptions) error {
	texts, objects, err := a.loadTexts(path)
	if err != nil {
		return err
	}
	pools := poolsOf(objects)
	if len(pools) == 0 {
		return errNoPool(path)
	}
	if o.dryRun == "client" {
		for _, p := range pools {
			a.printApplied(p.Metadata.Name, "valid", o)
		}
		return nil
	}
	var applied []api.Applied
	for _, t := range texts {
		results, err := a.client().Apply(ctx, t.data, o.dryRun == "server")
		for _, r := range results {
			a.printApplied(r.Name, r.Result, o)
		}
		if err != nil {
			return fmt.Errorf("apply %s: %w", t.file, err)
		}
		applied = append(applied, results...)
	}
	if !o.wait || o.dryRun != "none" {
		return nil
	}
	return a.waitApplied(ctx, applied, o.timeout)
}

func (a *app) printApplied(pool, result string, o applyOptions) {
	switch {
	case o.output == "name":
		fmt.Fprintf(a.out, "pool/%s\n", pool)
	case o.dryRun != "none":
		fmt.Fprintf(a.out, "pool/%s %s (%s dry run)\n", pool, result, o.dryRun)
	default:
		fmt.Fprintf(a.out, "pool/%s %s\n", pool, result)
	}
}

// waitApplied waits for all that was applied, one after the other: the
// controller works on them at the same time.
func (a *app) waitApplied(ctx context.Context, applied []api.Applied, timeout time.Duration) error {
	return limited(ctx, timeout, "what was applied", func(ctx context.Context, tell func(string)) error {
		for _, one := range applied {
			err := a.untilRolledOut(ctx, one.Name, one.Generation, func(line string) {
				tell(line)
				fmt.Fprintln(a.errOut, line)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
