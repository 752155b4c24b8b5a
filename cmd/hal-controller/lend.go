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
	"hal-controller/pkg/spec"
)

// releaseWithin bounds giving a worker back, which waits for nothing but the record.
const releaseWithin = 10 * time.Second

// heldSignals has the signals that would end this program at once end ctx instead, so
// that what has been claimed is given back.
func heldSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, unix.SIGHUP, unix.SIGQUIT)
}

// lend runs use with a claim that is its own, and then has giveBack give its worker
// back, whatever way that ends. One that use has left running, with api.ErrDetached, stays. The error is
// use's: how the command ended says more than whether the worker is gone.
func (a *app) lend(ctx context.Context, claim api.Claim, giveBack func(context.Context, api.Claim), use func() error) error {
	if ctx.Err() != nil { // in the moment between
		giveBack(ctx, claim)
		return errors.New("interrupted")
	}
	err := use()
	if errors.Is(err, api.ErrDetached) {
		fmt.Fprintf(a.errOut, "detached: the command goes on in the worker of %s; 'hal release %s' gives it back\n", claim.Name, claim.Name)
		return nil
	}
	giveBack(ctx, claim)
	return err
}

// giveBack releases a claim, without waiting for more than its record; for changes in
// a copied project to be in the project, it waits.
func (a *app) giveBack(ctx context.Context, claim api.Claim) {
	if claim.Mode == string(spec.WorkspaceCopy) {
		a.giveBackSaved(ctx, claim)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	a.gaveBack(claim, a.releaseTo(ctx, claim, api.Recorded))
}

// giveBackSaved releases a claim and waits until what only its worker has is saved, or
// a person will not wait for that: the controller goes on all the same.
func (a *app) giveBackSaved(ctx context.Context, claim api.Claim) {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer stop()
	a.gaveBack(claim, a.releaseTo(ctx, claim, api.Saved))
	a.tellRescued(context.WithoutCancel(ctx), claim.Name)
}

// releaseTo releases this claim, and no later one of its name. That it is gone already
// is fine.
func (a *app) releaseTo(ctx context.Context, claim api.Claim, until api.Stage) error {
	_, err := a.client().Release(ctx, claim.Name, api.ReleaseOptions{Until: until, ContainerID: claim.ContainerID})
	if isNotFound(err) {
		return nil
	}
	return err
}

func (a *app) gaveBack(claim api.Claim, err error) {
	if err != nil {
		fmt.Fprintf(a.errOut, "hal-controller: %v; claim %s is still there: 'hal release %s' gives it back\n", err, claim.Name, claim.Name)
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
