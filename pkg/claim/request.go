package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/spec"
)

// Request is what a person asks for.
type Request struct {
	Name    string
	Pool    string
	Project string // absolute path; empty: nothing is bound
	// Roots are directories that the project may be in, beside those of the rules.
	Roots []string
	TTL   time.Duration
	// For is whose it is to be; nil: whoever asks. Only root may ask for another.
	For *bind.Caller
	// Env are variables of the claim's processes, Secrets files for them by name.
	Env     map[string]string
	Secrets map[string][]byte
	// OnEmpty is the answer to an empty pool; empty: the pool's own.
	OnEmpty spec.OnEmpty
	// Wait bounds the time in line, and behind another claim of this name; zero: as
	// long as ctx.
	Wait     time.Duration
	declared bool // by a manifest
	// Place is told how many are served before this claim, whenever it changes.
	Place func(int)
}

// Refusal is an answer of no: what was asked cannot be, and a person can change it.
type Refusal struct {
	// NotFound: there is no such pool or claim.
	NotFound bool
	Message  string
}

func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{Message: fmt.Sprintf(format, args...)} }

// waiting is ctx while the claim waits.
func (r Request) waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Wait <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, r.Wait, fmt.Errorf("%w: waited %s", ErrWaited, r.Wait))
}

// ErrWaited says that a claim got nothing in the time that it was given.
var ErrWaited = errors.New("no worker became ready in time")

func noPool(name string) error {
	return &Refusal{NotFound: true, Message: fmt.Sprintf("no pool %q", name)}
}

// owner is whose the claim is to be.
func (r Request) owner(who bind.Caller) (bind.Caller, error) {
	switch {
	case r.For == nil || r.For.UID == who.UID:
		return who, nil
	case who.UID != 0:
		return who, refuse("claim %q: only root may claim for another person", r.Name)
	default:
		return *r.For, nil
	}
}
