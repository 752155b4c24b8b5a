package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

const waitLong = `Wait until a condition of a pool has a status, or a pool is there or gone. A
condition of a pool that is not there yet is waited for too.

It ends with 0 when the condition is met, and with 3 when time is out.`

func newWait(a *app) *cobra.Command {
	var condition string
	timeout := 30 * time.Second
	c := &cobra.Command{
		Use: "wait POOL --for condition=TYPE[=STATUS]|create|delete", Short: "Wait for a condition of a pool", Long: waitLong,
		GroupID: groupRead, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller wait pool/dev --for condition=Ready --timeout 2m\n  hal-controller wait pool/dev --for delete",
		RunE: func(c *cobra.Command, args []string) error {
			until, err := awaitedOf(condition)
			if err != nil {
				return err
			}
			if err := checkTimeout(timeout); err != nil {
				return err
			}
			pool, err := poolArgument(args[0])
			if err != nil {
				return err
			}
			return a.wait(c.Context(), pool, until, timeout)
		},
	}
	c.Flags().StringVar(&condition, "for", "", "what to wait for: condition=TYPE, condition=TYPE=STATUS, create or delete")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "give up after this long")
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(
		[]string{"condition=Ready", "condition=Progressing=False", "condition=Degraded=False", "create", "delete"},
		cobra.ShellCompDirectiveNoFileComp))
	return c
}

// awaited is what a pool is waited for.
type awaited struct {
	text string
	// condition and status, "" where it is about being there.
	condition, status string
	// exists says which of being there and being gone is waited for.
	exists bool
}

func awaitedOf(word string) (awaited, error) {
	switch word {
	case "":
		return awaited{}, usagef("say what to wait for: --for condition=Ready, --for create or --for delete")
	case "create":
		return awaited{text: "the creation", exists: true}, nil
	case "delete":
		return awaited{text: "the end"}, nil
	}
	kind, rest, _ := strings.Cut(word, "=")
	if kind != "condition" {
		return awaited{}, usagef("--for %q%s", word, oneOf(kind, []string{"condition=TYPE", "create", "delete"}))
	}
	name, status, given := strings.Cut(rest, "=")
	if !given {
		status = spec.ConditionTrue
	}
	name, err := wordIn("condition", name, []string{spec.ConditionReady, spec.ConditionProgressing, spec.ConditionDegraded, spec.ConditionManifestValid})
	if err != nil {
		return awaited{}, err
	}
	status, err = wordIn("status", status, []string{spec.ConditionTrue, spec.ConditionFalse, spec.ConditionUnknown})
	return awaited{text: "the condition " + name + "=" + status, condition: name, status: status}, err
}

// wordIn finds a word whatever its case.
func wordIn(kind, word string, among []string) (string, error) {
	i := slices.IndexFunc(among, func(w string) bool { return strings.EqualFold(w, word) })
	if i < 0 {
		return "", usagef("--for: there is no %s %q%s", kind, word, oneOf(word, among))
	}
	return among[i], nil
}

// met says whether a pool, nil for none, is as awaited, and how it is.
func (w awaited) met(p *spec.Pool) (bool, string) {
	switch {
	case w.condition == "" && p == nil:
		return !w.exists, "it does not exist"
	case w.condition == "":
		word, message := headline(p.Status)
		return w.exists, fmt.Sprintf("it exists, and is %s: %s", word, message)
	case p == nil:
		return false, "it does not exist"
	}
	c := reconcile.Condition(p.Status, w.condition)
	if c.Reason == "" {
		return c.Status == w.status, c.Type + " is not known yet"
	}
	return c.Status == w.status, fmt.Sprintf("%s is %s (%s): %s", c.Type, c.Status, c.Reason, c.Message)
}

func (a *app) wait(ctx context.Context, pool string, until awaited, timeout time.Duration) error {
	return limited(ctx, timeout, until.text+" of pool/"+pool, func(ctx context.Context, tell func(string)) error {
		for p, err := range a.client().WatchPool(ctx, pool) {
			if err != nil {
				return err
			}
			met, how := until.met(p)
			if met {
				fmt.Fprintf(a.out, "pool/%s condition met\n", pool)
				return nil
			}
			tell(how)
		}
		return ctx.Err()
	})
}
