package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const execLong = `Run a command in the worker of a claim, and end as it does: with its exit code,
or 128 and the number of the signal that ended it.

Standard input is passed on where it is no terminal, as in
` + "`tar c . | hal exec fix -- tar x`" + `; in a loop that reads, give it </dev/null. The signals
INT, TERM, HUP, QUIT, USR1 and USR2 are passed on, too. With -t the command runs
on a terminal, which every key goes to but the detach keys: those leave it running.

When the connection ends, so does the command: it gets HUP, and is killed where
that does not end it. What is to go on belongs in an attach.

With --claim-new POOL the command gets a worker of its own, which is thrown away when
it has ended, whatever way. Only the detach keys leave it.`

func newExec(a *app) *cobra.Command {
	var o execOptions
	c := &cobra.Command{
		Use: "exec (CLAIM | --claim-new POOL) [-it] [flags] -- COMMAND [ARGUMENT…]", Short: "Run a command in a claimed worker", Long: execLong,
		GroupID: groupUse,
		Args: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("claim-new") {
				return onlyCommand(c, args)
			}
			return claimAndCommand(c, args)
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if c.Flags().Changed("claim-new") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeClaims(c, args, word)
		},
		Example: "  hal-controller exec fix -it -- bash\n  hal-controller exec fix --env ANTHROPIC_API_KEY -- claude -p 'fix the tests'\n  tar c . | hal-controller exec fix -- tar x\n  hal-controller exec --claim-new dev --project . -- make test",
		RunE: func(c *cobra.Command, args []string) error {
			env, err := envOf(o.env)
			if err != nil {
				return err
			}
			request := api.SessionRequest{Command: args, Env: env, User: o.user, WorkDir: o.workDir}
			if c.Flags().Changed("claim-new") {
				return a.execNew(c.Context(), request, o)
			}
			if err := o.claim.unused(c); err != nil {
				return err
			}
			request.Command = args[1:]
			if o.terminal {
				return a.onTerminal(c.Context(), args[0], request, o.keys)
			}
			return a.onPipes(c.Context(), args[0], request, o.input)
		},
	}
	c.Flags().BoolVarP(&o.input, "stdin", "i", false, "pass standard input on even where it is a terminal")
	c.Flags().BoolVarP(&o.terminal, "tty", "t", false, "run on a terminal, this one; standard input is passed on")
	c.Flags().StringArrayVar(&o.env, "env", nil, "set a variable, as NAME=VALUE, or NAME for the value it has here")
	c.Flags().StringVar(&o.user, "user", "", "run as this user of the worker, as NAME, UID or UID:GID (default: the worker's)")
	c.Flags().StringVar(&o.workDir, "workdir", "", "run in this directory of the worker (default: the worker's)")
	o.keys.flag(c, "leave the command running")
	o.claim.flags(c, a)
	return c
}

type execOptions struct {
	input, terminal bool
	env             []string
	user, workDir   string
	keys            detachKeys
	claim           newClaimFlags
}

// claimAndCommand demands "CLAIM -- COMMAND".
func claimAndCommand(c *cobra.Command, args []string) error {
	switch dash := c.ArgsLenAtDash(); {
	case dash < 0 && len(args) > 1:
		return usagef("put the command behind --, as in: %s %s -- %s", c.CommandPath(), args[0], strings.Join(args[1:], " "))
	case len(args) < 2 || dash == 0:
		return usagef("say whose worker, and what to run, as in: %s fix -- make test", c.CommandPath())
	case dash > 1:
		return usagef("%s takes one claim, and got %s", c.CommandPath(), strings.Join(args[:dash], " "))
	}
	return nil
}

// envOf reads "NAME=VALUE" and "NAME".
func envOf(words []string) (map[string]string, error) {
	env := map[string]string{}
	for _, word := range words {
		name, value, given := strings.Cut(word, "=")
		if name == "" {
			return nil, usagef("--env %q: say it as NAME=VALUE, or NAME", word)
		}
		if !given {
			var found bool
			if value, found = os.LookupEnv(name); !found {
				return nil, usagef("--env %s: there is no such variable here", name)
			}
		}
		env[name] = value
	}
	return env, nil
}
