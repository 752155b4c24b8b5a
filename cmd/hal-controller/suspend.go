package main

import "github.com/spf13/cobra"

const suspendLong = `Set spec.suspend of a pool in the file that it came from: nothing of the pool is
created, replaced or reaped any more. What runs goes on, and claims still work.`

func newSuspend(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "suspend POOL", Short: "Leave a pool as it is until it is resumed", Long: suspendLong,
		GroupID: groupChange, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller suspend dev",
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(args[0], "suspended", func(pool string) error {
				return a.client().Suspend(c.Context(), pool, true)
			})
		},
	}
}

func newResume(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "resume POOL", Short: "Keep a suspended pool as declared again",
		GroupID: groupChange, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller resume dev",
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(args[0], "resumed", func(pool string) error {
				return a.client().Suspend(c.Context(), pool, false)
			})
		},
	}
}
