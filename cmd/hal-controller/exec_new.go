package main

import (
	"context"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

// newClaimFlags are those of --claim-new.
type newClaimFlags struct {
	claimFlags
	pool string
}

func (f *newClaimFlags) flags(c *cobra.Command, a *app) {
	c.Flags().StringVar(&f.pool, "claim-new", "", "claim a worker of this pool for the command, and release it at its end")
	c.Flags().StringVar(&f.name, "name", "", "name of the new claim (default: made up)")
	c.Flags().StringVar(&f.project, "project", "", "directory to have in the new claim's workspace")
	f.terms(c)
	_ = c.RegisterFlagCompletionFunc("claim-new", a.completePoolFlag)
	_ = c.MarkFlagDirname("project")
}

// unused refuses flags that say what a claim is to be like that is there already.
func (f *newClaimFlags) unused(c *cobra.Command) error {
	for _, name := range []string{"name", "project", "ttl", "wait", "on-empty"} {
		if c.Flags().Changed(name) {
			return usagef("--%s is about a new claim, and this one is there: say --claim-new POOL, or leave it out", name)
		}
	}
	return nil
}

// onlyCommand demands "-- COMMAND".
func onlyCommand(c *cobra.Command, args []string) error {
	switch dash := c.ArgsLenAtDash(); {
	case dash > 0, dash < 0 && len(args) > 0:
		return usagef("--claim-new makes the claim: name it with --name, and put the command behind --")
	case len(args) == 0:
		return usagef("say what to run, as in: %s --claim-new dev -- make test", c.CommandPath())
	}
	return nil
}

// execNew runs a command in a worker that is claimed for it.
func (a *app) execNew(ctx context.Context, session api.SessionRequest, o execOptions) error {
	pool, err := poolArgument(o.claim.pool)
	if err != nil {
		return err
	}
	request, err := o.claim.request(pool)
	if err != nil {
		return err
	}
	if o.terminal {
		if err := a.canRaw(o.keys); err != nil {
			return err
		}
	}
	request.Fresh, session.Release = true, true
	ctx, stop := heldSignals(ctx)
	defer stop()
	claim, err := a.claim(ctx, request)
	if err != nil {
		return err
	}
	return a.lend(ctx, claim, a.giveBack, func() error {
		if o.terminal {
			return a.raw(ctx, claim.Name, session, o.keys, api.ErrDetached)
		}
		return a.onPipes(ctx, claim.Name, session, o.input)
	})
}
