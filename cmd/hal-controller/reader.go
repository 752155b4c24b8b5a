package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hal-controller/pkg/api"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

// reader is where the reading commands look: the daemon or, where there is none,
// the engine.
type reader interface {
	// Pools with their status, by name.
	Pools(ctx context.Context) ([]spec.Pool, error)
	// Events kept of a pool, of all pools for "", oldest first.
	Events(ctx context.Context, pool string) ([]reconcile.Event, error)
	// Logs of a container, as api.Client has them.
	Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error)
}

// reader finds out where to look. The caller calls the function it returns when
// it is done.
func (a *app) reader(ctx context.Context) (reader, func(), error) {
	client := a.client()
	_, err := client.Info(ctx)
	if err == nil {
		return client, func() {}, nil
	}
	if !errors.Is(err, api.ErrNoDaemon) {
		return nil, nil, err
	}
	engine, engineErr := a.engine(ctx)
	if engineErr != nil {
		return nil, nil, fmt.Errorf("%w; and without one, the engine: %w", err, engineErr)
	}
	return direct{engine}, func() { closeEngine(engine) }, nil
}

// tellingReader is reader for a person, who is told when it is not the daemon
// that answers.
func (a *app) tellingReader(ctx context.Context) (reader, func(), error) {
	r, done, err := a.reader(ctx)
	if _, fromEngine := r.(direct); fromEngine {
		fmt.Fprintf(a.errOut, "no daemon at %s; read from the engine: what runs counts as ready, and what is declared is not known\n", a.socketPath())
	}
	return r, done, err
}

func closeEngine(engine *docker.Engine) { _ = engine.Close() }
