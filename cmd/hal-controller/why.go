package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const whyLong = `Say why a pool is not as declared: what is missing, because of what, when the
next attempt is, and the last line of output of what failed.

It ends with 0 when nothing is wrong, and with 1 when something is.`

func newWhy(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "why POOL", Short: "Say why a pool is not as declared", Long: whyLong,
		GroupID: groupRead, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller why pool/dev",
		RunE: func(c *cobra.Command, args []string) error {
			name, err := poolArgument(args[0])
			if err != nil {
				return err
			}
			return a.why(c.Context(), a.client(), name)
		},
	}
}

func (a *app) why(ctx context.Context, client *api.Client, name string) error {
	pool, err := client.Pool(ctx, name)
	if err != nil {
		return err
	}
	events, err := client.Events(ctx, name)
	if err != nil {
		return err
	}
	chain := causes(pool, events, time.Now())
	if len(chain) == 0 {
		fmt.Fprintf(a.out, "pool/%s is as declared: %s\n", name, warmReady(orEmpty(pool.Status)))
		return nil
	}
	fmt.Fprintln(a.out, strings.Join(chain, "\n"))
	return answerNo()
}
