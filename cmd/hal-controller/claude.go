package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/terminal"
)

const claudeLong = `Start Claude Code on a project, in a warm worker that is thrown away when it ends.
The ARGUMENTs are its own.

The pool is --pool, or the one that .hal.yaml in the project says ("pool: NAME" or
"profile: NAME"), or that of its build files: pom.xml and build.gradle ask for java,
pyproject.toml, requirements.txt and Pipfile for python, package.json for node, go.mod
for go, in this order; a profile's pool is the one whose workers have the image
hal/worker-PROFILE, or that is named so. Else it is the only pool, the one whose workers
have hal/worker, or dev.

With --detach it goes on in a session that 'hal attach' shows, until you release the
claim. With --branch it works in a clone of that branch beside the project, so that
several can work on one repository, and what it has committed is fetched into the
repository at the end. (A worktree would do outside; inside, git would miss the rest of
the repository.) The clone stays, and is used again.`

type claudeOptions struct {
	claimFlags
	pool, branch string
	detach       bool
}

func newClaude(a *app) *cobra.Command {
	var o claudeOptions
	c := &cobra.Command{
		Use: "claude [DIR] [flags] [-- ARGUMENT…]", Short: "Start Claude Code on a project, in a worker of its own", Long: claudeLong,
		GroupID: groupUse, Args: directoryAndArguments,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		Example: "  hal-controller claude\n  hal-controller claude ~/src/shop --branch fix-login\n  hal-controller claude -d -- 'update the dependencies'\n  git diff | hal-controller claude -- -p 'review this'",
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 && c.ArgsLenAtDash() != 0 {
				dir, args = args[0], args[1:]
			}
			return a.claude(c.Context(), dir, args, o)
		},
	}
	c.Flags().StringVar(&o.pool, "pool", "", "pool to claim a worker of (default: the one that fits the project)")
	c.Flags().StringVar(&o.name, "name", "", "name of the claim (default: the directory's, with a number where that is taken)")
	c.Flags().StringVar(&o.branch, "branch", "", "work on this branch, in a clone beside the project")
	c.Flags().BoolVarP(&o.detach, "detach", "d", false, "leave it running in a session, and return")
	o.private(c)
	o.terms(c)
	_ = c.RegisterFlagCompletionFunc("pool", a.completePoolFlag)
	return c
}

// directoryAndArguments allows "[DIR] [-- ARGUMENT…]".
func directoryAndArguments(c *cobra.Command, args []string) error {
	before := c.ArgsLenAtDash()
	if before < 0 {
		before = len(args)
	}
	if before > 1 {
		return usagef("%s takes one directory; what Claude is to get goes behind --, as in: %s %s -- %s", c.CommandPath(), c.CommandPath(), args[0], args[1])
	}
	return nil
}

func (a *app) claude(ctx context.Context, dir string, args []string, o claudeOptions) error {
	ctx, stop := heldSignals(ctx)
	defer stop()
	s, err := a.start(ctx, dir, args, o)
	if err != nil {
		return err
	}
	if o.detach {
		return a.claudeDetached(ctx, s)
	}
	session := s.session()
	session.Release = true
	err = a.lend(ctx, s.claim, a.giveBackSaved, func() error { return a.foreground(ctx, s.claim.Name, session) })
	fetchErr := a.fetch(ctx, s)
	if err == nil {
		return fetchErr
	}
	if fetchErr != nil { // how the command ended is the answer
		fmt.Fprintf(a.errOut, "hal-controller: %v\n", fetchErr)
	}
	return err
}

// foreground runs a command on this terminal, or on pipes where there is none. No keys
// leave it: it would end with its worker.
func (a *app) foreground(ctx context.Context, claim string, session api.SessionRequest) error {
	if _, keyboard := terminal.Of(a.in); keyboard && isTerminal(a.out) {
		return a.raw(ctx, claim, session, detachKeys{}, api.ErrDetached)
	}
	return a.onPipes(ctx, claim, session, false)
}
