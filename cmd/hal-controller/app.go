package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"golang.org/x/term"

	"hal-controller/pkg/api"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/state"
)

// app is what all commands share: the streams, and the global flags.
type app struct {
	in          io.Reader
	out, errOut io.Writer

	host, dockerContext string
	instance            string
	stateDir            string
	socket              string
	verbosity           int
}

// main runs one command line and returns its exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	command, err := root.ExecuteContextC(ctx)
	a.explain(command, err)
	return exitCode(err)
}

// client talks to the daemon. It does not connect yet: api.ErrNoDaemon comes
// from the first call.
func (a *app) client() *api.Client { return api.NewClient(a.socketPath()) }

func (a *app) socketPath() string {
	if a.socket != "" {
		return a.socket
	}
	if path := os.Getenv("HAL_SOCKET"); path != "" {
		return path
	}
	return state.DefaultSocket(a.instance)
}

// endpoint is the engine that the flags and the environment choose.
func (a *app) endpoint() (docker.Endpoint, error) {
	return docker.Resolve(a.host, a.dockerContext)
}

// engine connects to the engine, and fails when it does not answer.
func (a *app) engine(ctx context.Context) (*docker.Engine, error) {
	endpoint, err := a.endpoint()
	if err != nil {
		return nil, err
	}
	engine, err := docker.New(endpoint, a.instance)
	if err != nil {
		return nil, err
	}
	if err := engine.Ping(ctx); err != nil {
		_ = engine.Close()
		return nil, fmt.Errorf("%w; `hal doctor` says more", err)
	}
	return engine, nil
}

// log is the program's own log, on standard error: text for a person, JSON for
// anything else. Where progress is shown, what was done is told there, and the
// log has only what went wrong; -v has it all.
func (a *app) log(progress string) logr.Logger {
	level := slog.Level(-a.verbosity)
	if progress != "quiet" && a.verbosity == 0 {
		level = slog.LevelWarn
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewJSONHandler(a.errOut, options)
	if isTerminal(a.errOut) {
		handler = slog.NewTextHandler(a.errOut, options)
	}
	return logr.FromSlogHandler(handler)
}

// isTerminal says whether a person reads a stream as it is written.
func isTerminal(w io.Writer) bool {
	if table, live := w.(*liveTable); live {
		w = table.w
	}
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
