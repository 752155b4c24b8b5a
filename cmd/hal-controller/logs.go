package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

const logsLong = `Show the output of a container of a pool, by its name or the claim that holds it, or
of all containers of a pool, each line then behind the container's name. Where no
daemon runs, the engine is asked.`

// poolTail is how many lines of each container are shown of a pool, where nothing
// is said: all of all of them is nobody's wish.
const poolTail = 10

type logOptions struct {
	follow bool
	tail   int
}

func newLogs(a *app) *cobra.Command {
	var o logOptions
	c := &cobra.Command{
		Use: "logs CONTAINER|CLAIM|pool/NAME|worker/NAME|service/NAME", Short: "Show the output of containers", Long: logsLong,
		GroupID: groupRead, ValidArgsFunction: a.completeObjects,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("say whose output, as in: %s hal-dev-0, or: %s pool/dev", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		Example: "  hal-controller logs hal-dev-0 --tail 20\n  hal-controller logs pool/dev -f",
		RunE: func(c *cobra.Command, args []string) error {
			kind, name, err := logTarget(args[0])
			if err != nil {
				return err
			}
			return a.logs(c.Context(), kind, name, o)
		},
	}
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on until the container ends")
	c.Flags().IntVar(&o.tail, "tail", -1, "only so many of the last lines; all for -1 (default: all, and 10 each of a pool)")
	return c
}

// logTarget reads "TYPE/NAME" or "NAME", of which the kind is not known yet.
func logTarget(argument string) (kind, name string, err error) {
	word, name, qualified := strings.Cut(argument, "/")
	if !qualified {
		return "", argument, nil
	}
	r, err := resourceOf(word)
	switch {
	case err != nil:
		return "", "", err
	case r.name == "volume" || name == "":
		return "", "", usagef("%q has no output: say pool/NAME, worker/NAME or service/NAME", argument)
	}
	return r.name, name, nil
}

func (a *app) logs(ctx context.Context, kind, name string, o logOptions) error {
	r, done, err := a.reader(ctx)
	if err != nil {
		return err
	}
	defer done()
	pools, err := r.Pools(ctx)
	if err != nil {
		return err
	}
	pool, err := poolNamed(pools, name)
	if kind == "pool" && err != nil {
		return err
	}
	if kind == "pool" || kind == "" && err == nil {
		return a.poolLogs(ctx, r, pool, o)
	}
	if kind == "" {
		name = containerOfClaim(pools, name)
	}
	return a.containerLog(ctx, r, name, o.tail, o.follow, a.out)
}

// containerOfClaim is the worker of a claim, or name itself where that is none.
func containerOfClaim(pools []spec.Pool, name string) string {
	for _, p := range pools {
		for _, w := range orEmpty(p.Status).Workers {
			if w.Claim == name {
				return w.Name
			}
		}
	}
	return name
}

// containerLog copies the output of one container. Being interrupted is how
// following it ends.
func (a *app) containerLog(ctx context.Context, r reader, name string, tail int, follow bool, to io.Writer) error {
	logs, err := r.Logs(ctx, name, tail, follow)
	if err != nil {
		return err
	}
	defer logs.Close()
	if _, err := io.Copy(to, logs); err != nil && ctx.Err() == nil {
		return fmt.Errorf("read the output of %s: %w", name, err)
	}
	return nil
}

// poolLogs shows the containers of a pool one after the other, or at the same
// time where they are followed.
func (a *app) poolLogs(ctx context.Context, r reader, pool spec.Pool, o logOptions) error {
	tail := o.tail
	if tail < 0 {
		tail = poolTail
	}
	group, ctx := errgroup.WithContext(ctx)
	if !o.follow {
		group.SetLimit(1)
	}
	var mu sync.Mutex
	for _, c := range containersOf(*orEmpty(pool.Status)) {
		if c.Role == string(runtime.RoleSandbox) {
			continue // a process that does nothing says nothing
		}
		group.Go(func() error {
			lines := &prefixWriter{mu: &mu, w: bufio.NewWriter(a.out), prefix: "[" + c.Name + "] "}
			err := a.containerLog(ctx, r, c.Name, tail, o.follow, lines)
			return errors.Join(lines.end(), ignoreGone(err))
		})
	}
	return group.Wait()
}

// ignoreGone forgives a container for having been replaced meanwhile.
func ignoreGone(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

// prefixWriter puts a name before each line, and keeps lines of several
// containers whole.
type prefixWriter struct {
	mu     *sync.Mutex // of w's stream
	w      *bufio.Writer
	prefix string
	rest   []byte // of a line that has not ended
}

func (p *prefixWriter) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	whole := strings.LastIndexByte(string(p.rest), '\n') + 1
	lines := string(p.rest[:whole])
	p.rest = append([]byte(nil), p.rest[whole:]...)
	return len(text), p.print(lines)
}

func (p *prefixWriter) print(lines string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range strings.Lines(lines) {
		_, _ = p.w.WriteString(p.prefix + line) // Flush has its error
	}
	return p.w.Flush()
}

// end prints what has come of a last line without an end.
func (p *prefixWriter) end() error {
	if len(p.rest) == 0 {
		return nil
	}
	return p.print(string(p.rest) + "\n")
}
