package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
	"hal-controller/pkg/spec/watch"
	"hal-controller/pkg/state"
)

const runLong = `Run the controller in the foreground: watch the manifests, make the engine match
them and keep it so, and serve the API that the other commands use.

Ending it (Ctrl-C, SIGTERM, even SIGKILL) leaves every container as it is; the
next start adopts them. A pool that is gone from the manifests is drained.`

func newRun(a *app) *cobra.Command {
	o := controllerOptions{}
	mode := "auto"
	c := &cobra.Command{
		Use: "run -f PATH", Short: "Run the controller on a file or directory of manifests", Long: runLong,
		GroupID: groupControl, Args: noArguments,
		Example: "  hal-controller run -f pool.yaml\n  hal-controller run -f /etc/hal/pools --resync 1m",
		RunE: func(c *cobra.Command, _ []string) error {
			o.stateDir, o.prune = a.stateDirectory(), true
			return a.run(c.Context(), o, mode)
		},
	}
	a.controllerFlags(c, &o, &mode)
	c.Flags().StringArrayVar(&o.claims.roots, "project-root", nil, "directory that projects of claims may be in; may be repeated (default: the home of whoever claims)")
	c.Flags().StringVar(&o.claims.adminGroup, "admin-group", "", "group whose members may use everyone's claims, and change pools")
	c.Flags().StringVar(&o.socketGroup, "socket-group", "", "group whose members may claim, by its use of the socket (default: that of this process)")
	c.Flags().StringVar(&o.profiles, "pprof", "", "serve Go's profiles of the controller at this address of the machine's own, as 127.0.0.1:6060")
	return c
}

// controllerFlags are those that run and converge share.
func (a *app) controllerFlags(c *cobra.Command, o *controllerOptions, mode *string) {
	c.Flags().VarP((*manifestPath)(&o.path), "filename", "f", "file or directory of manifests")
	c.Flags().IntVar(&o.parallel, "parallel", defaultParallel(), "most calls to the engine at one time")
	c.Flags().DurationVar(&o.resync, "resync", 30*time.Second, "how often everything is looked at even if nothing tells of a change")
	c.Flags().StringVar(mode, "progress", *mode, "how progress is shown on standard error: auto, tty, plain, json or quiet")
	_ = c.MarkFlagFilename("filename", "yaml", "yml")
}

// check finds what is wrong with the flags before anything is touched.
func (o controllerOptions) check() error {
	switch {
	case o.path == "" || o.path == "-":
		return usagef("say which manifests: -f FILE or -f DIRECTORY")
	case o.parallel < 1:
		return usagef("--parallel %d: at least 1", o.parallel)
	case o.resync < time.Second:
		return usagef("--resync %s: at least 1s", o.resync)
	}
	return nil
}

func (a *app) stateDirectory() string {
	if a.stateDir != "" {
		return a.stateDir
	}
	return state.DefaultDir()
}

func (a *app) run(ctx context.Context, o controllerOptions, mode string) error {
	if err := o.check(); err != nil {
		return err
	}
	progress, err := a.newProgress(mode)
	if err != nil {
		return err
	}
	if err := checkProfiles(o.profiles); err != nil {
		return err
	}
	if o.path, err = filepath.Abs(o.path); err != nil {
		return err
	}
	log := a.log(mode)
	op, err := a.newOperator(ctx, o, log)
	if err != nil {
		return err
	}
	defer op.close()
	changes, err := watch.Watch(ctx, o.path, watch.Options{Resync: o.resync, Log: log})
	if err != nil {
		return err
	}
	if err := op.claims.Recover(ctx); err != nil {
		log.Error(err, "not all claims on record are known")
	}
	op.reload()
	if problems := op.store.Problems(); len(problems) > 0 {
		fmt.Fprintln(a.errOut, problems.Error())
	}
	server := api.LogChanges(log, api.NewServer(&daemon{operator: op, app: a, path: o.path, admin: o.claims.admin}))
	err = op.run(ctx,
		func(ctx context.Context) error { return op.follow(ctx, changes) },
		func(ctx context.Context) error {
			return api.Serve(ctx, api.Socket{Path: a.socketPath(), Group: o.socketGroup}, server)
		},
		func(ctx context.Context) error { return serveProfiles(ctx, o.profiles) },
		func(ctx context.Context) error { return op.show(ctx, progress) },
		op.claims.Run,
	)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// follow reads the manifests again whenever they may have changed.
func (op *operator) follow(ctx context.Context, changes <-chan struct{}) error {
	told := op.store.Problems().Error()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			if !open {
				return nil
			}
			op.reload()
			problems := op.store.Problems()
			if text := problems.Error(); text != told {
				told = text
				for _, p := range problems.Errors() {
					op.log.Error(p, "manifest is not in force; the last good one is")
				}
			}
		}
	}
}

// show passes every change of status on to the progress display until ctx ends.
func (op *operator) show(ctx context.Context, p progress) error {
	defer p.Done()
	return op.eachChange(ctx, func(pools []spec.Pool) bool {
		p.Update(pools)
		return true
	})
}

// eachChange calls each with the pools now and after each event, until it is
// false or ctx ends.
func (op *operator) eachChange(ctx context.Context, each func([]spec.Pool) bool) error {
	events, stop := op.events.Listen()
	defer stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for each(op.pools()) {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
		case <-tick.C:
		}
	}
	return nil
}
