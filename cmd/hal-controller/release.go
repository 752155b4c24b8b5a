package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
)

const releaseLong = `Release claims: their workers are stopped and removed, and new ones take their
place in the pool. What is in the project stays. What only the worker has is saved
first, and you are told where: work in git trees that is nowhere else, Claude's
transcripts, the last lines of the log. If that fails, the worker stays; --discard
gives all of it up.

--keep-changes DIR has what was saved in DIR as well, in a directory for each claim.`

type releaseFlags struct {
	all, wait, discard bool
	keep               string
}

func newRelease(a *app) *cobra.Command {
	var f releaseFlags
	c := &cobra.Command{
		Use: "release (CLAIM… | --all)", Short: "Give claimed workers back", Long: releaseLong,
		GroupID: groupUse, ValidArgsFunction: a.completeSeveralClaims,
		Args: func(c *cobra.Command, args []string) error {
			if (len(args) == 0) != f.all {
				return usagef("say which claims, or --all: %s fix", c.CommandPath())
			}
			return nil
		},
		Example: "  hal-controller release fix\n  hal-controller release fix --keep-changes ~/kept\n  hal-controller release --all",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.keep != "" && !f.wait:
				return usagef("--keep-changes has to wait for what is saved: leave out --wait=false")
			case f.keep != "" && f.discard:
				return usagef("--discard saves nothing that --keep-changes could keep: leave out one of them")
			}
			names, err := a.claimNames(c.Context(), args)
			if err != nil {
				return err
			}
			return a.releaseEach(c.Context(), names, f)
		},
	}
	c.Flags().BoolVar(&f.all, "all", false, "release all claims of yours")
	c.Flags().BoolVar(&f.wait, "wait", true, "return when the workers are gone")
	c.Flags().BoolVar(&f.discard, "discard", false, "save nothing of what only the workers have")
	c.Flags().StringVar(&f.keep, "keep-changes", "", "have what was saved in this directory, too")
	_ = c.MarkFlagDirname("keep-changes")
	return c
}

func (f releaseFlags) options() api.ReleaseOptions {
	o := api.ReleaseOptions{Until: api.Recorded, Discard: f.discard}
	if f.wait {
		o.Until = api.Gone
	}
	return o
}

// claimNames are the claims that arguments name; the caller's own, for none.
func (a *app) claimNames(ctx context.Context, args []string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	claims, err := a.client().Claims(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range claims {
		if c.User == ownName() {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// releaseEach goes on with the others when one cannot be released.
func (a *app) releaseEach(ctx context.Context, names []string, f releaseFlags) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, a.releaseOne(ctx, name, f))
	}
	return errors.Join(errs...)
}

func (a *app) releaseOne(ctx context.Context, name string, f releaseFlags) error {
	place, err := placeFor(f.keep, name)
	if err != nil {
		return err
	}
	released, err := a.client().Release(ctx, name, f.options())
	if f.all && isNotFound(err) { // it has gone by itself
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "claim/%s released\n", name)
	if f.wait {
		a.tellRescued(ctx, name)
	}
	if place == "" || released.Rescued == "" {
		return nil
	}
	if err := keepChanges(place, released.Rescued); err != nil {
		return err
	}
	fmt.Fprintf(a.errOut, "claim/%s: kept in %s\n", name, sentence(place))
	return nil
}

// tellRescued says what came back of a copied project, and where the work is that
// only a worker had.
func (a *app) tellRescued(ctx context.Context, name string) {
	events, err := a.client().Events(ctx, "")
	if err != nil {
		return // it is released all the same, and 'hal events' tells
	}
	var told []string
	for _, event := range slices.Backward(events) {
		if event.Object != "claim/"+name {
			continue
		}
		if event.Reason == "Claimed" {
			break
		}
		if slices.Contains([]string{"Rescued", "CopiedBack", "CopyFailed"}, event.Reason) {
			told = append(told, event.Message)
		}
	}
	for _, message := range slices.Backward(told) {
		fmt.Fprintf(a.errOut, "claim/%s: %s\n", name, sentence(message))
	}
}
