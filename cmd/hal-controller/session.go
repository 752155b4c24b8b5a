package main

import (
	"context"
	"errors"
	"fmt"

	"hal-controller/pkg/api"
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
		return countedSession{session, d.claims.Opened(record)}, nil
	}
	err = fmt.Errorf("run a command for claim %q in %s: %w", claim, record.Container(), err)
	if errors.Is(err, runtime.ErrInvalid) {
		return nil, refused(err)
	}
	return nil, err
}

// countedSession keeps its claim from counting as idle for as long as it is open.
type countedSession struct {
	runtime.Session
	closed func()
}

func (s countedSession) Close() error {
	s.closed()
	return s.Session.Close()
}
