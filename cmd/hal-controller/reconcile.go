package main

import "github.com/spf13/cobra"

const reconcileLong = `Have the controller read the manifests again and look at a pool at once, and not
only at the next event or tick. It does not wait for the outcome: see
rollout status, or get -w.`

func newReconcile(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reconcile POOL", Short: "Have a pool looked at now", Long: reconcileLong,
		GroupID: groupChange, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller reconcile dev",
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(args[0], "is being reconciled", func(pool string) error {
				return a.client().Reconcile(c.Context(), pool)
			})
		},
	}
}
