package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/api"
	"hal-controller/pkg/project"
)

// releaseWithin bounds giving a worker back, which waits for nothing but the record.
const releaseWithin = 10 * time.Second

// heldSignals has the signals that would end this program at once end ctx instead, so
// that what has been claimed is given back.
func heldSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, unix.SIGHUP, unix.SIGQUIT)
}

// lend runs use with a claim that is its own, and gives the worker back whatever way
// that ends, without waiting for it to be gone. One that use has left running, with
// api.ErrDetached, stays. The error is use's: how the command ended says more than
// whether the worker is gone.
func (a *app) lend(ctx context.Context, claim string, use func() error) error {
	if ctx.Err() != nil { // in the moment between
		a.giveBack(ctx, claim)
		return errors.New("interrupted")
	}
	err := use()
	if errors.Is(err, api.ErrDetached) {
		fmt.Fprintf(a.errOut, "detached: the command goes on in the worker of %s; 'hal release %s' gives it back\n", claim, claim)
		return nil
	}
	a.giveBack(ctx, claim)
	return err
}

// giveBack releases a claim. That it is gone already is fine.
func (a *app) giveBack(ctx context.Context, claim string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	if err := a.client().Release(ctx, claim, false); err != nil && !isNotFound(err) {
		fmt.Fprintf(a.errOut, "hal-controller: %v; claim %s is still there: 'hal release %s' gives it back\n", err, claim, claim)
	}
}

// claimNumbered claims a worker for a name or, where that is taken, the next of its
// numbers that is not.
func (a *app) claimNumbered(ctx context.Context, request api.ClaimRequest, name string) (api.Claim, error) {
	request.Fresh = true
	for n := 1; ; n++ {
		request.Name = project.Numbered(name, n)
		claim, err := a.claim(ctx, request)
		var answer *api.Error
		if !errors.As(err, &answer) || answer.Code != api.CodeTaken {
			return claim, err
		}
	}
}
