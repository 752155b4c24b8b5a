package main

import (
	"context"
	"fmt"
	"io"
	"path"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/project"
	"hal-controller/pkg/terminal"
)

const loginLong = `Log in to Claude Code once, for all the workers that you claim: its own login runs in a
worker, and what it keeps is in your volume with the scope user. Leave it with /exit.

The pool is one whose workers have that volume at ` + project.ClaudeHome + `; without
POOL, the first such.`

// credentials is the file that Claude Code has once a person is logged in.
const credentials = ".credentials.json"

func newLogin(a *app) *cobra.Command {
	var f claimFlags
	c := &cobra.Command{
		Use: "login [POOL]", Short: "Log in to Claude Code, for all your workers", Long: loginLong,
		GroupID: groupUse, ValidArgsFunction: a.completePools,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return onePool(c, args)
		},
		Example: "  hal-controller login\n  hal-controller login dev",
		RunE: func(c *cobra.Command, args []string) error {
			pool := ""
			if len(args) > 0 {
				pool, _ = poolArgument(args[0]) // it has been checked
			}
			return a.login(c.Context(), pool, f)
		},
	}
	f.terms(c)
	return c
}

func (a *app) login(ctx context.Context, pool string, f claimFlags) error {
	if _, ok := terminal.Of(a.in); !ok {
		return usagef("standard input is no terminal, and a login is between Claude Code and you: run it on one")
	}
	pools, err := a.client().Pools(ctx)
	if err != nil {
		return err
	}
	keeping, err := project.KeepsLogin(pools, pool)
	if err != nil {
		return err
	}
	request, err := f.request(keeping.Metadata.Name)
	if err != nil {
		return err
	}
	ctx, stop := heldSignals(ctx)
	defer stop()
	claim, err := a.claimNumbered(ctx, request, "login")
	if err != nil {
		return err
	}
	return a.lend(ctx, claim, a.giveBack, func() error { return a.logIn(ctx, claim.Name) })
}

// logIn runs the login in a claim's worker, and looks whether it has left anything.
func (a *app) logIn(ctx context.Context, claim string) error {
	if err := a.raw(ctx, claim, api.SessionRequest{Command: []string{"claude", "/login"}}, detachKeys{}, api.ErrDetached); err != nil {
		return err
	}
	code, _, err := a.inWorker(ctx, claim, nil, io.Discard, "test", "-s", path.Join(project.ClaudeHome, credentials))
	if err != nil {
		return fmt.Errorf("look for the login: %w", err)
	}
	if code != exitYes {
		return fmt.Errorf("you are not logged in: there is no %s; run it again: hal login", path.Join(project.ClaudeHome, credentials))
	}
	fmt.Fprintln(a.errOut, "logged in: the workers that you claim from now on know you")
	return nil
}
