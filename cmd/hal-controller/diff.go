package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

const diffLong = `Say what it would take to make the engine match the manifests: every step, from
where things are to where they should be, and why. Nothing is changed and no
daemon is needed. Pools that are not in the manifests are left out.

  + is made or started    ~ is changed in place    - is stopped or removed

What a pool has to wait for is told on standard error. It ends with 0 when there
is nothing to do, 1 when there is, 2 when a manifest is invalid, 4 when the
engine cannot be reached.`

func newDiff(a *app) *cobra.Command {
	var path manifestPath
	output := choiceOf("text", "json")
	c := &cobra.Command{
		Use: "diff -f PATH", Short: "Say what would be changed on the engine, and why", Long: diffLong,
		GroupID: groupChange, Args: noArguments,
		Example: "  hal-controller diff -f pool.yaml\n  git show HEAD~1:pool.yaml | hal-controller diff -f -",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := path.required(); err != nil {
				return err
			}
			return a.diff(c.Context(), string(path), output.word)
		},
	}
	path.flag(c, manifestUsage)
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

func (a *app) diff(ctx context.Context, path, output string) error {
	objects, problems := a.loadPath(path)
	if err := a.settle(problems); err != nil {
		return err
	}
	pools := poolsOf(objects)
	if len(pools) == 0 {
		return errNoPool(path)
	}
	engine, err := a.engine(ctx)
	if err != nil {
		return err
	}
	defer closeEngine(engine)
	diffs, err := differences(ctx, engine, pools, time.Now())
	if err != nil {
		return err
	}
	if output == "json" {
		err = printJSON(a.out, diffReport{diffs})
	} else {
		printDifferences(a.out, a.errOut, diffs)
	}
	if err == nil && slices.ContainsFunc(diffs, difference.differs) {
		return answerNo()
	}
	return err
}

// differences reads the engine, once for each pool, and projects what a
// controller would do.
func differences(ctx context.Context, rt runtime.Runtime, pools []*spec.Pool, now time.Time) ([]difference, error) {
	var diffs []difference
	for _, p := range pools {
		state, err := reconcile.Snapshot(ctx, rt, p, now)
		if err != nil {
			return nil, fmt.Errorf("look at what the engine has of pool %q: %w", p.Metadata.Name, err)
		}
		diffs = append(diffs, differenceOf(p.Metadata.Name, reconcile.Project(state)))
	}
	return diffs, nil
}
