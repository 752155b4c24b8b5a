package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

const deleteLong = `Take pools out of the source of a running controller, which drains them: warm
workers go, claimed ones stay until they are released, then the shared services
and the network go. A volume goes only where its manifest says reclaim: Delete.

With --wait it ends with 0 when nothing is left, 3 when time is out.`

func newDelete(a *app) *cobra.Command {
	var path manifestPath
	wait, timeout := false, 2*time.Minute
	c := &cobra.Command{
		Use: "delete (pool NAME... | -f PATH)", Short: "Delete pools", Long: deleteLong,
		GroupID:           groupChange,
		ValidArgsFunction: a.completeTargets,
		Example:           "  hal-controller delete pool dev --wait\n  hal-controller delete pool/dev\n  hal-controller delete -f pool.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkTimeout(timeout); err != nil {
				return err
			}
			names, err := a.toDelete(c, args, string(path))
			if err != nil {
				return err
			}
			if err := a.delete(c.Context(), names); err != nil || !wait {
				return err
			}
			return a.waitGone(c.Context(), names, timeout)
		},
	}
	path.flag(c, manifestUsage+": the pools they declare")
	c.Flags().BoolVar(&wait, "wait", false, "wait until nothing of them is left")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "give up waiting after this long")
	return c
}

// toDelete are the pools that the command line names, or the manifests at path.
func (a *app) toDelete(c *cobra.Command, args []string, path string) ([]string, error) {
	switch {
	case path != "" && len(args) > 0:
		return nil, usagef("say pools or -f PATH, not both")
	case path != "":
		objects, problems := a.loadPath(path)
		if err := a.settle(problems); err != nil {
			return nil, err
		}
		var names []string
		for _, p := range poolsOf(objects) {
			names = append(names, p.Metadata.Name)
		}
		if len(names) == 0 {
			return nil, errNoPool(path)
		}
		return names, nil
	default:
		return poolsToDelete(c, args)
	}
}

// poolsToDelete are the names in "pool dev ci" or "pool/dev pool/ci". A lone NAME
// is refused: what a delete is about should be said.
func poolsToDelete(c *cobra.Command, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, usagef("say what to delete: pool NAME, or -f PATH")
	}
	t, err := targetOf(c, args)
	switch {
	case err != nil:
		return nil, err
	case t.name != "pool":
		return nil, usagef("a %s cannot be deleted: the controller would make another; scale or delete its pool", t.name)
	case len(t.names) == 0:
		return nil, usagef("say which pool: pool NAME")
	}
	return t.names, nil
}

func (a *app) delete(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := a.client().Delete(ctx, name); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "pool/%s deleted\n", name)
	}
	return nil
}

// waitGone waits until nothing of the pools is left, one after the other: the
// controller takes them down at the same time.
func (a *app) waitGone(ctx context.Context, names []string, timeout time.Duration) error {
	return limited(ctx, timeout, "the end of what was deleted", func(ctx context.Context, tell func(string)) error {
		for _, name := range names {
			err := a.untilGone(ctx, name, func(line string) {
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

// untilGone calls tell with what a draining pool waits for, each time that it is
// something else.
func (a *app) untilGone(ctx context.Context, name string, tell func(line string)) error {
	last := ""
	for pool, err := range a.client().WatchPool(ctx, name) {
		if err != nil || pool == nil {
			return err
		}
		if line := "pool/" + name + ": " + drainStage(pool); line != last {
			last = line
			tell(line)
		}
	}
	return ctx.Err()
}

// drainStage is what a draining pool waits for.
func drainStage(p *spec.Pool) string {
	progressing := reconcile.Condition(p.Status, spec.ConditionProgressing)
	if progressing.Reason == spec.ReasonDraining || progressing.Reason == spec.ReasonBlockedByClaims {
		return progressing.Message
	}
	return "waiting for the controller to take it down"
}
