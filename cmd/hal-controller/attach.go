package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const attachLong = `Attach to the session of a claim's worker: a tmux session named hal, which is made
where it is missing, with COMMAND or a shell in it. It outlives the connection:
attach again, from anywhere, and it is as it was left.

Leave it with tmux's own keys (ctrl-b d) or the detach keys. Where the image has no
tmux, COMMAND or a shell runs all the same, and ends with the connection.`

// attachScript becomes the session, with a command in tmux's words. A worker need not
// know of the person's kind of terminal, and tmux takes it for one without UTF-8 where
// no locale says so.
const attachScript = `infocmp "$TERM" >/dev/null 2>&1 || export TERM=xterm-256color
if command -v tmux >/dev/null; then exec tmux -u new-session -A -s ` + sessionName + ` "$@"; fi
echo "hal: there is no tmux in this worker: what runs here ends with the connection" >&2
for word do shift; case "$word" in *'\;') word="${word%'\;'};";; esac; set -- "$@" "$word"; done
[ $# -gt 0 ] || set -- "$(command -v bash || echo /bin/sh)"
exec "$@"`

// sessionName is the tmux session of attach and send.
const sessionName = "hal"

var errLeft = errors.New("left")

func newAttach(a *app) *cobra.Command {
	var keys detachKeys
	c := &cobra.Command{
		Use: "attach CLAIM [flags] [-- COMMAND [ARGUMENT…]]", Short: "Attach to the terminal session of a claimed worker", Long: attachLong,
		GroupID: groupUse, ValidArgsFunction: a.completeClaims,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && c.ArgsLenAtDash() != 0 {
				return nil
			}
			if len(args) == 0 {
				return usagef("say whose worker, as in: %s fix", c.CommandPath())
			}
			return claimAndCommand(c, args)
		},
		Example: "  hal-controller attach fix\n  hal-controller attach fix -- claude",
		RunE:    func(c *cobra.Command, args []string) error { return a.attach(c.Context(), args[0], args[1:], keys) },
	}
	keys.flag(c, "leave the session")
	return c
}

func (a *app) attach(ctx context.Context, claim string, command []string, keys detachKeys) error {
	request := api.SessionRequest{Command: append([]string{"/bin/sh", "-c", attachScript, "hal"}, tmuxWords(command)...)}
	err := a.raw(ctx, claim, request, keys, errLeft)
	if errors.Is(err, errLeft) {
		fmt.Fprintf(a.errOut, "detached from %s\n", claim)
		return nil
	}
	return err
}
