package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hal-controller/pkg/api"
)

// describeClaims shows all that is known of claims: of those named, or of all.
func (a *app) describeClaims(ctx context.Context, names []string) error {
	claims, err := a.client().Claims(ctx)
	if err != nil {
		return err
	}
	var there []string
	for _, c := range claims {
		there = append(there, c.Name)
	}
	var missing []error
	for _, name := range names {
		if !slices.Contains(there, name) {
			missing = append(missing, notFound("claim", name, there))
		}
	}
	wanted := slices.DeleteFunc(claims, func(c api.Claim) bool { return len(names) > 0 && !slices.Contains(names, c.Name) })
	if len(wanted) == 0 && len(missing) == 0 {
		fmt.Fprintln(a.errOut, "no claims found")
	}
	for i, c := range wanted {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.describeClaim(ctx, c); err != nil {
			return err
		}
	}
	return errors.Join(missing...)
}

func (a *app) describeClaim(ctx context.Context, c api.Claim) error {
	events, err := a.client().Events(ctx, c.Pool)
	if err != nil {
		return err
	}
	d := description{now: time.Now()}
	d.row(claimResource, claimRow(c))
	d.events(eventFilter{object: "claim/" + c.Name}.of(events))
	_, err = d.WriteTo(a.out)
	return err
}
