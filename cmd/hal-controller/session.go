package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"hal-controller/pkg/api"
	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/runtime"
)

// Session runs a command in the worker of a claim of the caller's.
func (d *daemon) Session(ctx context.Context, claim string, request api.SessionRequest) (runtime.Session, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	record, err := d.claims.Use(who, claim, "exec")
	if err != nil {
		return nil, claimAnswer(err)
	}
	request.Command = record.WithEnv(request.Command)
	session, err := d.engine.OpenSession(ctx, record.Worker, request.Spec())
	if err == nil {
		return d.attended(session, who, record, request.Release), nil
	}
	err = fmt.Errorf("run a command for claim %q in %s: %w", claim, record.Container(), err)
	if errors.Is(err, runtime.ErrInvalid) {
		return nil, refused(err)
	}
	return nil, err
}

// attendance is a session that its claim knows of: it keeps the claim from counting as
// idle, and hears what becomes of it.
type attendance struct {
	runtime.Session
	notices  chan string
	closed   func()
	release  func() // at its end; nil: nothing
	detached atomic.Bool
}

func (d *daemon) attended(session runtime.Session, who bind.Caller, r claim.Record, release bool) *attendance {
	a := &attendance{Session: session, notices: make(chan string, 4)}
	a.closed = d.claims.Opened(r, func(message string) {
		select {
		case a.notices <- message:
		default: // nobody takes them
		}
	})
	if release {
		a.release = func() {
			// Who is left to hear of an error? The claim is there to be seen.
			_, _ = d.claims.Release(who, r.Name, claim.ReleaseOptions{Worker: r.Worker})
		}
	}
	return a
}

// Notices implements api.Noticing.
func (a *attendance) Notices() <-chan string { return a.notices }

// Detach implements runtime.Session.
func (a *attendance) Detach() error {
	a.detached.Store(true)
	return a.Session.Detach()
}

// Close implements runtime.Session.
func (a *attendance) Close() error {
	a.closed()
	err := a.Session.Close()
	if a.release != nil && !a.detached.Load() {
		a.release()
	}
	return err
}
