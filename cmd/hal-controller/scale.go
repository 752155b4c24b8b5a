package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

const scaleLong = `Set spec.workers.warm of a pool in the file that it came from. Only the number is
changed there: comments and layout stay. Where the source cannot be written, as
in a checkout that git owns, it says so.`

func newScale(a *app) *cobra.Command {
	warm := 0
	c := &cobra.Command{
		Use: "scale POOL --warm N", Short: "Set how many warm workers a pool keeps", Long: scaleLong,
		GroupID: groupChange, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller scale dev --warm 5",
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("warm") {
				return usagef("say how many warm workers to keep: --warm N")
			}
			if warm < 0 {
				return usagef("--warm %d: 0 or more", warm)
			}
			return a.change(args[0], "scaled to "+counted(warm, "warm worker"), func(pool string) error {
				return a.client().Scale(c.Context(), pool, warm)
			})
		},
	}
	c.Flags().IntVar(&warm, "warm", warm, "how many warm workers to keep")
	return c
}

// change does something to the pool that an argument names, and says that it
// is done.
func (a *app) change(argument, done string, do func(pool string) error) error {
	pool, err := poolArgument(argument)
	if err != nil {
		return err
	}
	if err := do(pool); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "pool/%s %s\n", pool, done)
	return nil
}

// counted is "1 warm worker" or "3 warm workers".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
