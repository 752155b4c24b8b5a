package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"hal-controller/pkg/api"
)

// detachedScript makes the session that attach shows, with a command in it. What the
// command has said stays to be seen when it has ended.
const detachedScript = `command -v tmux >/dev/null || { echo "there is no tmux in this worker: leave out --detach" >&2; exit 1; }
exec tmux -u new-session -d -s ` + sessionName + ` "$@" \; set-option remain-on-exit on`

// claudeDetached leaves Claude running, and says how to come back to it.
func (a *app) claudeDetached(ctx context.Context, s started) error {
	if err := a.leave(ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "claim/%s\n", s.claim.Name)
	a.tellDetached(s)
	return nil
}

func (a *app) tellDetached(s started) {
	name := s.claim.Name
	fmt.Fprintf(a.errOut, "%s: 'hal attach %s' shows it, 'hal release %s' ends it", name, name, name)
	if s.branch != nil {
		fmt.Fprintf(a.errOut, ", and what it has committed comes with: %s", s.branch.FetchCommand())
	}
	fmt.Fprintln(a.errOut)
}

// leave starts Claude in a session of its worker's. On an error nothing is left.
func (a *app) leave(ctx context.Context, s started) error {
	session := api.SessionRequest{
		Command: append([]string{"/bin/sh", "-c", detachedScript, "hal"}, tmuxWords(s.session().Command)...), WorkDir: s.workDir,
	}
	var complaint strings.Builder
	code, err := a.client().Exec(ctx, s.claim.Name, session, api.Streams{Out: io.Discard, Err: &firstBytes{to: &complaint, left: maxComplaint}})
	if err == nil && code == exitYes {
		return nil
	}
	if err == nil {
		err = errors.New(strings.TrimSpace(complaint.String()))
	}
	err = fmt.Errorf("start claude in the worker of %s: %w", s.claim.Name, err)
	a.giveBack(ctx, s.claim)
	if s.branch != nil {
		err = errors.Join(err, s.branch.Discard())
	}
	return err
}

// tmuxWords are words as tmux takes them: to it, a semicolon at the end of one begins
// another command.
func tmuxWords(words []string) []string {
	var escaped []string
	for _, word := range words {
		if text, ends := strings.CutSuffix(word, ";"); ends {
			word = text + `\;`
		}
		escaped = append(escaped, word)
	}
	return escaped
}
