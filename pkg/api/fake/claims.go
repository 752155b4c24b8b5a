package fake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/api"
)

// SetClaims replaces the claims.
func (b *Backend) SetClaims(claims ...api.Claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claims = slices.Clone(claims)
}

// SetPlaces has each claim wait at these places before it is served.
func (b *Backend) SetPlaces(places ...int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places = slices.Clone(places)
}

// Claims implements api.ClaimBackend.
func (b *Backend) Claims() []api.Claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.claims)
}

// Claim implements api.ClaimBackend: the worker is always number 0. Of what is asked
// for, only Fresh is heeded.
func (b *Backend) Claim(ctx context.Context, request api.ClaimRequest, place func(int)) (api.Claim, error) {
	b.mu.Lock()
	places := b.places
	b.mu.Unlock()
	for _, n := range places {
		place(n)
	}
	claim := api.Claim{
		Name: request.Name, Pool: request.Pool, Project: request.Project, Phase: "Bound",
		Container: "hal-" + request.Pool + "-0." + request.Name,
	}
	if err := b.do("claim %s %s %s", request.Pool, request.Name, request.Project); err != nil {
		return api.Claim{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if request.Fresh && slices.ContainsFunc(b.claims, func(c api.Claim) bool { return c.Name == request.Name }) {
		return api.Claim{}, &api.Error{Code: api.CodeTaken, Message: fmt.Sprintf("there is a claim %q already", request.Name)}
	}
	b.claims = append(b.claims, claim)
	return claim, nil
}

// SetRescued has a directory told at the release of a claim.
func (b *Backend) SetRescued(claim, dir string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rescued == nil {
		b.rescued = map[string]string{}
	}
	b.rescued[claim] = dir
}

// Release implements api.ClaimBackend.
func (b *Backend) Release(_ context.Context, name string, o api.ReleaseOptions) (api.Released, error) {
	words := []string{"release", name, string(cmp.Or(o.Until, api.Recorded)), o.ContainerID}
	if o.Discard {
		words = append(words, "discard")
	}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	if err := b.do("%s", strings.Join(words, " ")); err != nil {
		return api.Released{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claims = slices.DeleteFunc(b.claims, func(c api.Claim) bool { return c.Name == name })
	if o.Until == "" || o.Until == api.Recorded {
		return api.Released{}, nil
	}
	return api.Released{Rescued: b.rescued[name]}, nil
}

// Extend implements api.ClaimBackend.
func (b *Backend) Extend(_ context.Context, name string, by time.Duration) (api.Claim, error) {
	if err := b.do("extend %s %s", name, by); err != nil {
		return api.Claim{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.claims {
		if c.Name == name {
			b.claims[i].Expires = time.Now().Add(by)
			return b.claims[i], nil
		}
	}
	return api.Claim{}, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no claim %q", name)}
}

// do remembers a change, which fails where Fail has said so.
func (b *Backend) do(format string, args ...any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, fmt.Sprintf(format, args...))
	return b.err
}
