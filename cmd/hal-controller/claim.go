package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

const claimLong = `Claim a warm worker of a pool: it is yours until you release it, and is then thrown
away. Its name is printed. With --project, that directory is at the worker's
workspace, and what is written there is yours outside.

The same claim twice gives the same worker. Where no worker is ready the pool's
onEmpty decides, or --on-empty: cold has one made, queue waits in line, fail does
not wait. Ctrl-C while waiting leaves nothing behind.`

// claimFlags are those of all commands that claim.
type claimFlags struct {
	name, project string
	env, secrets  []string
	ttl, wait     time.Duration
	onEmpty       *choice
}

func (f *claimFlags) flags(c *cobra.Command) {
	f.terms(c)
	c.Flags().StringVar(&f.name, "name", "", "name of the claim (default: made up)")
	f.private(c)
}

// private are the flags of what only the claim's processes are to have.
func (f *claimFlags) private(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.env, "env", nil, "set a variable for all that runs in it, as NAME=VALUE, or NAME for the value it has here")
	c.Flags().StringArrayVar(&f.secrets, "secret", nil, "put a file into /run/secrets, which is in memory only, as NAME=FILE")
}

// terms are the flags of how long to wait for a worker, and to have it.
func (f *claimFlags) terms(c *cobra.Command) {
	f.onEmpty = &choice{words: []string{string(spec.OnEmptyCold), string(spec.OnEmptyQueue), string(spec.OnEmptyFail)}}
	c.Flags().DurationVar(&f.ttl, "ttl", 0, "release it after this time (default: what the pool says)")
	c.Flags().DurationVar(&f.wait, "wait", 0, "wait no longer than this for a worker (default: as long as it takes)")
	choiceFlag(c, f.onEmpty, "on-empty", "", "what to do where no worker is ready (default: what the pool says)")
}

// request is what the flags ask for.
func (f *claimFlags) request(pool string) (api.ClaimRequest, error) {
	r := api.ClaimRequest{
		Name: f.name, Pool: pool, TTL: spec.Duration(f.ttl), Wait: spec.Duration(f.wait), OnEmpty: spec.OnEmpty(f.onEmpty.word),
	}
	if r.Name == "" {
		r.Name = "c" + strings.ToLower(rand.Text()[:7])
	}
	if problem := spec.CheckName(r.Name); problem != "" {
		return r, usagef("--name: %s", problem)
	}
	for flag, time := range map[string]time.Duration{"--ttl": f.ttl, "--wait": f.wait} {
		if time < 0 {
			return r, usagef("%s %s: a time must not be negative", flag, time)
		}
	}
	var err error
	if r.Env, err = envOf(f.env); err != nil {
		return r, err
	}
	if r.Secrets, err = secretsOf(f.secrets); err != nil {
		return r, err
	}
	if f.project == "" {
		return r, nil
	}
	r.Project, err = filepath.Abs(f.project)
	return r, err
}

// secretsOf reads "NAME=FILE".
func secretsOf(words []string) (map[string][]byte, error) {
	secrets := map[string][]byte{}
	for _, word := range words {
		name, file, given := strings.Cut(word, "=")
		if !given || file == "" {
			return nil, usagef("--secret %q: say it as NAME=FILE", word)
		}
		if problem := spec.CheckSecretName(name); problem != "" {
			return nil, usagef("--secret: %s", problem)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, usagef("--secret %s: %v", name, err)
		}
		secrets[name] = content
	}
	return secrets, nil
}

func newClaim(a *app) *cobra.Command {
	var f claimFlags
	owner := ""
	output := choiceOf("name", "table", "wide", "json", "yaml")
	c := &cobra.Command{
		Use: "claim POOL", Short: "Claim a warm worker", Long: claimLong,
		GroupID: groupUse, Args: onePool, ValidArgsFunction: a.completePools,
		Example: "  hal-controller claim dev --name fix --project .\n  hal-controller claim ci --on-empty fail -o json",
		RunE: func(c *cobra.Command, args []string) error {
			pool, err := poolArgument(args[0])
			if err != nil {
				return err
			}
			request, err := f.request(pool)
			if err != nil {
				return err
			}
			request.User = owner
			claim, err := a.claim(c.Context(), request)
			if err != nil {
				return err
			}
			return newPrinter(a.out, target{claimResource, []string{claim.Name}}, getOptions{output: output.word}).all([]row{claimRow(claim)})
		},
	}
	c.Flags().StringVar(&f.project, "project", "", "directory to have in the worker's workspace")
	c.Flags().StringVar(&owner, "user", "", "whose it is to be, by name or number; only root may say (default: yours)")
	f.flags(c)
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

// claim asks for a worker and waits for it, saying its place in line.
func (a *app) claim(ctx context.Context, request api.ClaimRequest) (api.Claim, error) {
	explain := sync.OnceFunc(func() { a.tellWait(ctx, request.Pool) })
	claim, err := a.client().Claim(ctx, request, func(place int) {
		fmt.Fprintf(a.errOut, "%s waits for a worker of pool %s: %s before it\n", request.Name, request.Pool, counted(place, "claim"))
		explain()
	})
	if err != nil && ctx.Err() != nil {
		return claim, a.interrupted(request, err)
	}
	if err == nil && claim.Message != "" {
		fmt.Fprintf(a.errOut, "claim/%s: %s\n", claim.Name, sentence(claim.Message))
	}
	return claim, err
}

// tellWait says why a pool has no worker ready, if something is wrong with it.
func (a *app) tellWait(ctx context.Context, pool string) {
	found, err := a.client().Pool(ctx, pool)
	if err != nil {
		return // the claim itself tells
	}
	if reason := firstCause(found, nil); reason != "" {
		fmt.Fprintf(a.errOut, "  because %s\n", reason)
	}
}

// interrupted says what an interrupt has left of a claim: all of it or nothing. Nothing,
// of one that was for this command alone.
func (a *app) interrupted(request api.ClaimRequest, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastLook)
	defer cancel()
	claim, bound := a.leftBound(ctx, request.Name)
	switch {
	case !bound:
		return err
	case request.Fresh:
		a.giveBack(ctx, claim)
		return err
	default:
		return fmt.Errorf("%w; claim %q is bound: 'hal release %s' gives it back", err, claim.Name, claim.Name)
	}
}

// leftBound is the claim of a name, if it is bound, once it is decided whether it is.
func (a *app) leftBound(ctx context.Context, name string) (api.Claim, bool) {
	for {
		claims, err := a.client().Claims(ctx)
		i := slices.IndexFunc(claims, func(c api.Claim) bool { return c.Name == name })
		if err != nil || i < 0 {
			return api.Claim{}, false
		}
		if claims[i].Phase != "Binding" {
			return claims[i], claims[i].Phase == "Bound"
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return api.Claim{}, false
		}
	}
}

// lookAgain is the time between two looks.
const lookAgain = 10 * time.Millisecond

// lastLook bounds the question what is left of a claim.
const lastLook = 2 * time.Second

func newExtend(a *app) *cobra.Command {
	var by time.Duration
	c := &cobra.Command{
		Use: "extend CLAIM --by DURATION", Short: "Move the end of a claim",
		Long: "Have a claim released later: the given time from now.", GroupID: groupUse,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClaims, Example: "  hal-controller extend fix --by 2h",
		RunE: func(c *cobra.Command, args []string) error {
			if by <= 0 {
				return usagef("say by how much: --by 1h")
			}
			claim, err := a.client().Extend(c.Context(), args[0], by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "claim/%s ends %s\n", claim.Name, claim.Expires.Local().Format(time.DateTime))
			return nil
		},
	}
	c.Flags().DurationVar(&by, "by", 0, "the time from now")
	return c
}
