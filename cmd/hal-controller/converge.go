package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

const convergeLong = `Make the engine match the manifests once, and end when every pool is as declared:
for CI, where a fixed number of workers is wanted and no daemon runs. Pools that
are not in the manifests are left alone.

It ends with 0 when all is ready, 1 when a pool cannot become ready, 2 when a
manifest is invalid, 3 when time runs out, 4 when the engine cannot be reached.`

func newConverge(a *app) *cobra.Command {
	o := controllerOptions{}
	mode, timeout := "auto", 2*time.Minute
	c := &cobra.Command{
		Use: "converge -f PATH", Short: "Make the engine match the manifests once, and end", Long: convergeLong,
		GroupID: groupControl, Args: noArguments,
		Example: "  hal-controller converge -f ci.yaml --timeout 2m --progress plain",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.converge(c.Context(), o, mode, timeout)
		},
	}
	a.controllerFlags(c, &o, &mode)
	c.Flags().DurationVar(&timeout, "timeout", timeout, "give up after this long")
	return c
}

func (a *app) converge(ctx context.Context, o controllerOptions, mode string, timeout time.Duration) error {
	if err := o.check(); err != nil {
		return err
	}
	if timeout <= 0 {
		return usagef("--timeout %s: more than 0", timeout)
	}
	progress, err := a.newProgress(mode)
	if err != nil {
		return err
	}
	if _, problems := spec.LoadPath(o.path); problems.Err() != nil {
		return problems
	}
	op, err := a.newOperator(ctx, o, a.log(mode))
	if err != nil {
		return err
	}
	defer op.close()
	op.reload()
	return op.converge(ctx, progress, timeout)
}

// converge runs until every pool is as declared, or cannot be, or time is out.
func (op *operator) converge(ctx context.Context, p progress, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var verdict error
	err := op.run(ctx, func(ctx context.Context) error {
		defer cancel()
		defer p.Done()
		verdict = fmt.Errorf("interrupted: %w", context.Canceled)
		return op.eachChange(ctx, func(pools []spec.Pool) bool {
			p.Update(pools)
			done := false
			done, verdict = settled(pools)
			return !done
		})
	})
	switch {
	case err != nil && !errors.Is(err, context.Canceled):
		return err
	case verdict != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &codedError{exitTimeout, fmt.Errorf("not converged within %s: %w", timeout, verdict)}
	default:
		return verdict
	}
}

// hopeless are the reasons that waiting does not mend within one run.
var hopeless = map[string]bool{
	spec.ReasonNameConflict: true, spec.ReasonImageMissing: true,
	spec.ReasonRolloutPaused: true, spec.ReasonRolledBack: true,
}

// settled says whether every pool is as declared, or one cannot become so; err
// says what is still missing.
func settled(pools []spec.Pool) (done bool, err error) {
	var missing []string
	for _, p := range pools {
		if p.Status == nil {
			missing = append(missing, "pool/"+p.Metadata.Name+" has not been looked at yet")
			continue
		}
		if reconcile.Settled(p.Status) {
			continue
		}
		missing = append(missing, "pool/"+p.Metadata.Name+": "+reconcile.Condition(p.Status, spec.ConditionReady).Message)
		if degraded := reconcile.Condition(p.Status, spec.ConditionDegraded); degraded.Status == spec.ConditionTrue && hopeless[degraded.Reason] {
			return true, fmt.Errorf("pool/%s cannot converge: %s: %s", p.Metadata.Name, degraded.Reason, degraded.Message)
		}
	}
	if len(missing) == 0 {
		return true, nil
	}
	return false, errors.New(strings.Join(missing, "; "))
}
