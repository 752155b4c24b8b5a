package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/api"
)

const sendLong = `Type a text and the Enter key into the session that attach makes in the worker of a
claim, or with --all of every claim of yours on a pool that has one; of root's asking, of
everyone's.`

// sendScript types a text. Enter comes a moment later: programs that tell pasted
// text from typed by its speed would take it for part of that.
const sendScript = `tmux has-session -t '=` + sessionName + `' 2>/dev/null || exit 3
tmux send-keys -t '=` + sessionName + `:' -l -- "$1" && sleep 0.1 && tmux send-keys -t '=` + sessionName + `:' Enter`

const (
	// noSession is sendScript's exit code where there is nothing to type into.
	noSession = 3
	// sendAtOnce is to how many workers at one time.
	sendAtOnce = 8
)

func newSend(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "send CLAIM TEXT… | send --all POOL TEXT…", Short: "Type a text into the sessions of claimed workers", Long: sendLong,
		GroupID: groupUse,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("say to whom, and what, as in: %s fix run the tests, or: %s --all dev stop", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if all {
				return a.completePools(c, args, word)
			}
			return a.completeClaims(c, args, word)
		},
		Example: "  hal-controller send fix 'now run the tests'\n  hal-controller send --all dev /compact",
		RunE: func(c *cobra.Command, args []string) error {
			text := strings.Join(args[1:], " ")
			if all {
				return a.sendAll(c.Context(), args[0], text)
			}
			return a.send(c.Context(), args[0], text)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "to every claim of yours on a pool that has a session")
	return c
}

func (a *app) send(ctx context.Context, claim, text string) error {
	there, err := a.typeInto(ctx, claim, text)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("claim %q has no session to type into: make one with: hal attach %s", claim, claim)
	}
	fmt.Fprintf(a.out, "sent to %s\n", claim)
	return nil
}

// sendAll goes on when one fails, and then ends with the answer no.
func (a *app) sendAll(ctx context.Context, pool, text string) error {
	name, err := poolArgument(pool)
	if err != nil {
		return err
	}
	if _, err := a.client().Pool(ctx, name); err != nil {
		return err
	}
	claims, err := a.client().Claims(ctx)
	if err != nil {
		return err
	}
	var (
		mu           sync.Mutex
		sent, failed int
		group        errgroup.Group
	)
	group.SetLimit(sendAtOnce)
	for _, claim := range claims {
		if claim.Pool != name || claim.Phase != "Bound" || os.Geteuid() != 0 && claim.User != ownName() {
			continue
		}
		group.Go(func() error {
			there, err := a.typeInto(ctx, claim.Name, text)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failed++
				fmt.Fprintf(a.errOut, "hal-controller: %v\n", err)
			case there:
				sent++
			}
			return nil
		})
	}
	_ = group.Wait() // each has told its own
	fmt.Fprintf(a.out, "sent to %d of pool/%s\n", sent, name)
	if failed > 0 {
		return answerNo()
	}
	return nil
}

// typeInto types a text into a claim's session, and says whether there is one.
func (a *app) typeInto(ctx context.Context, claim, text string) (there bool, err error) {
	code, complaint, err := a.inWorker(ctx, claim, nil, io.Discard, "/bin/sh", "-c", sendScript, "hal", text)
	switch {
	case err != nil:
		return false, fmt.Errorf("send to %s: %w", claim, err)
	case code == noSession:
		return false, nil
	case code != exitYes:
		return false, fmt.Errorf("send to %s: %s", claim, complaint)
	}
	return true, nil
}

// maxComplaint is how much of a command's error output is kept, in bytes.
const maxComplaint = 4 << 10

// inWorker runs a command of the program's own in a claim's worker, and returns
// its exit code with what it complained of.
func (a *app) inWorker(ctx context.Context, claim string, in io.Reader, out io.Writer, command ...string) (code int, complaint string, err error) {
	var errs bytes.Buffer
	code, err = a.client().Exec(ctx, claim, api.SessionRequest{Command: command}, api.Streams{
		In: in, Out: out, Err: &firstBytes{to: &errs, left: maxComplaint},
	})
	complaint = strings.TrimSpace(errs.String())
	if complaint == "" && code != exitYes {
		complaint = fmt.Sprintf("%s ended with %d", command[0], code)
	}
	return code, complaint, err
}

// firstBytes passes so many on, and takes all.
type firstBytes struct {
	to   io.Writer
	left int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	if _, err := f.to.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
