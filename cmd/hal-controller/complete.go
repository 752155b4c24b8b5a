package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/spec"
)

// completeWithin is how long a person's shell may hang.
const completeWithin = time.Second

// completePools completes a command's one argument, a pool.
func (a *app) completePools(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completePoolFlag(c, args, word)
}

// completePoolFlag completes a flag that is a pool.
func (a *app) completePoolFlag(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return namesIn(resources[0].rowsOf(a.poolsQuietly(), "")), cobra.ShellCompDirectiveNoFileComp
}

// completeTargets completes "TYPE NAME…" and "TYPE/NAME".
func (a *app) completeTargets(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return a.namesOf(args[0]), cobra.ShellCompDirectiveNoFileComp
	}
	if typed, _, qualified := strings.Cut(word, "/"); qualified {
		return a.qualified(typed), cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, r := range append(slices.Clone(resources), claimResource) {
		words = append(words, r.words[0])
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeObjects completes one "pool/NAME", "worker/NAME" or claim.
func (a *app) completeObjects(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Concat(a.qualified("pool"), a.qualified("worker"), claimsIn(a.poolsQuietly())), cobra.ShellCompDirectiveNoFileComp
}

// completeSeveralClaims completes any number of claims, each once.
func (a *app) completeSeveralClaims(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	claims := claimsIn(a.poolsQuietly())
	return slices.DeleteFunc(claims, func(name string) bool { return slices.Contains(args, name) }), cobra.ShellCompDirectiveNoFileComp
}

// completePlaces completes "CLAIM:PATH" up to the colon, and files.
func (a *app) completePlaces(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var places []string
	for _, claim := range claimsIn(a.poolsQuietly()) {
		if strings.HasPrefix(claim, word) {
			places = append(places, claim+":")
		}
	}
	if len(places) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return places, cobra.ShellCompDirectiveNoSpace
}

// namesOf are the names of what a word means; none where it means nothing.
func (a *app) namesOf(word string) []string {
	if slices.Contains(claimResource.words, word) {
		return claimsIn(a.poolsQuietly())
	}
	kind, err := resourceOf(word)
	if err != nil {
		return nil
	}
	return namesIn(kind.rowsOf(a.poolsQuietly(), ""))
}

func (a *app) qualified(word string) []string {
	names := a.namesOf(word)
	for i := range names {
		names[i] = word + "/" + names[i]
	}
	return names
}

// poolsQuietly are the pools, or none: what goes wrong belongs in no prompt.
func (a *app) poolsQuietly() []spec.Pool {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	r, done, err := a.reader(ctx)
	if err != nil {
		return nil
	}
	defer done()
	pools, err := r.Pools(ctx)
	if err != nil {
		return nil
	}
	return pools
}

func namesIn(rows []row) []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

// completeClaims completes a command's first argument, a claim.
func (a *app) completeClaims(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return claimsIn(a.poolsQuietly()), cobra.ShellCompDirectiveNoFileComp
}

func claimsIn(pools []spec.Pool) []string {
	var claims []string
	for _, p := range pools {
		for _, w := range orEmpty(p.Status).Workers {
			if w.Claim != "" {
				claims = append(claims, w.Claim)
			}
		}
	}
	return claims
}
