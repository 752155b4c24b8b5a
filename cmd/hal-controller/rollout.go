package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const rolloutLong = `A rollout replaces workers when their template changes, within the bounds of
spec.workers.update. Claimed workers stay on the revision they have.`

func newRollout(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "rollout status|pause|resume|undo POOL", Short: "Follow, pause, resume or undo a rollout", Long: rolloutLong,
		GroupID: groupChange, Args: noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
		Example: "  hal-controller rollout status dev --timeout 5m\n  hal-controller rollout undo pool/dev",
	}
	c.AddCommand(
		newRolloutStatus(a),
		newRolloutAction(a, api.RolloutPause, "Hold a rollout until it is resumed: no worker is replaced", "paused"),
		newRolloutAction(a, api.RolloutResume, "Let a paused or rolled back rollout go on, its failures forgiven", "resumed"),
		newRolloutAction(a, api.RolloutUndo, "Go back to the last complete revision, until the manifest changes", "undone"),
	)
	return c
}

func newRolloutAction(a *app, action api.RolloutAction, short, done string) *cobra.Command {
	return &cobra.Command{
		Use: string(action) + " POOL", Short: short, Args: onePool, ValidArgsFunction: a.completePools,
		Example: fmt.Sprintf("  hal-controller rollout %s dev", action),
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(args[0], "rollout "+done, func(pool string) error {
				return a.client().Rollout(c.Context(), pool, action)
			})
		},
	}
}

const rolloutStatusLong = `Follow a rollout to its end, one line for each change.

It ends with 0 when the pool is rolled out, 1 when the rollout is paused or was
rolled back, 3 when time is out.`

func newRolloutStatus(a *app) *cobra.Command {
	watch, timeout := true, 10*time.Minute
	c := &cobra.Command{
		Use: "status POOL", Short: "Follow a rollout to its end", Long: rolloutStatusLong, Args: onePool,
		ValidArgsFunction: a.completePools,
		Example:           "  hal-controller rollout status dev --timeout 5m\n  hal-controller rollout status dev --watch=false",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkTimeout(timeout); err != nil {
				return err
			}
			pool, err := poolArgument(args[0])
			if err != nil {
				return err
			}
			if !watch {
				return a.rolloutNow(c.Context(), pool)
			}
			return a.followRollout(c.Context(), pool, timeout)
		},
	}
	c.Flags().BoolVarP(&watch, "watch", "w", watch, "wait for the end")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "give up after this long")
	return c
}

// rolloutNow tells how far a rollout is; done or not is no difference.
func (a *app) rolloutNow(ctx context.Context, name string) error {
	if err := a.client().Reconcile(ctx, name); err != nil {
		return err
	}
	pool, err := a.client().Pool(ctx, name)
	if err != nil {
		return err
	}
	stage := rolloutStage(&pool, 0)
	if stage.failed {
		return fmt.Errorf("pool/%s: %s", name, stage.line)
	}
	fmt.Fprintln(a.out, stageText(name, stage))
	return nil
}

// followRollout tells of each change until the rollout ends.
func (a *app) followRollout(ctx context.Context, name string, timeout time.Duration) error {
	// Has the manifest read: a file saved just now may not have been seen yet.
	if err := a.client().Reconcile(ctx, name); err != nil {
		return err
	}
	return limited(ctx, timeout, "the end of the rollout of pool/"+name, func(ctx context.Context, tell func(string)) error {
		return a.untilRolledOut(ctx, name, 0, func(line string) {
			tell(line)
			fmt.Fprintln(a.out, line)
		})
	})
}
