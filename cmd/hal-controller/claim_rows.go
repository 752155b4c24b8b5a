package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

// claimResource prints claims, which the daemon has beside the pools.
var claimResource = resource{
	name: "claim", words: []string{"claims", "claim"}, state: "PHASE",
	columns: []string{"NAME", "POOL", "WORKER", "USER", "PHASE", "PROJECT", "AGE", "EXPIRES"},
	wide:    []string{"MODE", "ID", "MESSAGE"},
}

// claimObject is a claim in -o json and -o yaml.
type claimObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	api.Claim
}

func claimRow(c api.Claim) row {
	r := row{pool: c.Pool, name: c.Name, created: c.Created, cells: map[string]string{
		"WORKER": c.Container, "USER": c.User, "PHASE": c.Phase, "PROJECT": c.Project, "MODE": c.Mode,
		"ID": shortID(c.ContainerID), "MESSAGE": c.Message,
	}, object: claimObject{spec.APIVersion, spec.KindClaim, c}}
	if !c.Expires.IsZero() {
		r.cells["EXPIRES"] = "in " + age(time.Now(), c.Expires)
	}
	return r
}

// claimArguments reads "claims NAME…" and "claim/NAME…"; false for any other kind.
func claimArguments(args []string) (names []string, claims bool) {
	if len(args) == 0 {
		return nil, false
	}
	word, name, qualified := strings.Cut(args[0], "/")
	if !slices.Contains(claimResource.words, word) {
		return nil, false
	}
	if !qualified {
		return args[1:], true
	}
	names = []string{name}
	for _, arg := range args[1:] {
		names = append(names, strings.TrimPrefix(arg, word+"/"))
	}
	return names, true
}

// getClaims shows claims, all or some.
func (a *app) getClaims(ctx context.Context, names []string, o getOptions) error {
	if o.watch {
		return usagef("claims cannot be watched: watch workers, which have a column of claims")
	}
	claims, err := a.client().Claims(ctx)
	if err != nil {
		return err
	}
	t := target{claimResource, names}
	var rows []row
	var there []string
	for _, c := range claims {
		there = append(there, c.Name)
		if r := claimRow(c); t.matches(r) && (o.pool == "" || o.pool == c.Pool) {
			rows = append(rows, r)
		}
	}
	if err := newPrinter(a.out, t, o).all(rows); err != nil {
		return err
	}
	var missing []error
	for _, name := range names {
		if !slices.Contains(there, name) {
			missing = append(missing, notFound("claim", name, there))
		}
	}
	if len(rows) == 0 && len(missing) == 0 {
		fmt.Fprintln(a.errOut, "no claims found")
	}
	return errors.Join(missing...)
}

// ownName is how the daemon calls who runs this.
func ownName() string { return userName(uint32(os.Getuid())) }
