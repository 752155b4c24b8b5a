package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/terminal"
)

// detachKeys is the value of --detach-keys.
type detachKeys struct{ text string }

func (k *detachKeys) flag(c *cobra.Command, does string) {
	c.Flags().StringVar(&k.text, "detach-keys", "ctrl-p,ctrl-q", "keys that "+does+`; none for ""`)
}

func (k *detachKeys) parse() (terminal.Keys, error) {
	keys, err := terminal.ParseKeys(k.text)
	if err != nil {
		return nil, usagef("--detach-keys: %w", err)
	}
	return keys, nil
}

// onPipes runs a command on this program's streams as they are.
func (a *app) onPipes(ctx context.Context, claim string, request api.SessionRequest, input bool) error {
	streams := api.Streams{Out: a.out, Err: a.errOut, Warn: func(message string) {
		fmt.Fprintln(a.errOut, "hal-controller:", sentence(message))
	}}
	if _, keyboard := terminal.Of(a.in); input || !keyboard {
		streams.In = a.in
	}
	// Ctrl-C is for the command, and ends ctx as well.
	asked := ctx
	ctx, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	streams.Signals = signalsFor(ctx, asked)
	return ended(a.client().Exec(ctx, claim, request, streams))
}

// onTerminal runs a command on this program's terminal. The detach keys leave it
// running.
func (a *app) onTerminal(ctx context.Context, claim string, request api.SessionRequest, keys detachKeys) error {
	err := a.raw(ctx, claim, request, keys, api.ErrDetached)
	if errors.Is(err, api.ErrDetached) {
		fmt.Fprintf(a.errOut, "detached: the command goes on in the worker of %s\n", claim)
		return nil
	}
	return err
}

// raw runs a command on the terminal, which is as it was when it returns. The
// detach keys end it with detached.
func (a *app) raw(ctx context.Context, claim string, request api.SessionRequest, word detachKeys, detached error) error {
	keys, err := word.parse()
	if err != nil {
		return err
	}
	file, ok := terminal.Of(a.in)
	if !ok {
		return errNoTerminal()
	}
	asked := ctx
	ctx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	signals := signalsFor(ctx, asked)
	sizes := terminal.Sizes(ctx, file) // before the first, so that none is missed
	size, err := terminal.Size(file)
	if err != nil {
		return err
	}
	request.Terminal, request.Env = &size, withTerm(request.Env)
	restore, err := terminal.Raw(file)
	if err != nil {
		return err
	}
	defer restore()
	go endOnSignal(ctx, signals, end)
	return ended(a.client().Exec(ctx, claim, request, api.Streams{
		In: keys.Detaching(file, detached), Out: a.out, Err: a.errOut, Sizes: sizes,
		Warn: func(message string) { fmt.Fprintf(a.errOut, "hal-controller: %s\r\n", sentence(message)) },
	}))
}

// signalsFor are the names of the signals for a command until ctx ends: those that come
// from now on, and INT for one that came before, of which only the end of asked tells.
func signalsFor(ctx, asked context.Context) <-chan string {
	signals, names := terminal.Signals(ctx), make(chan string)
	go func() {
		before := asked.Done()
		for {
			var name string
			select {
			case <-ctx.Done():
				return
			case name = <-signals:
			case <-before:
				name = nextOr(signals, "INT")
			}
			before = nil // whatever comes now comes as a signal
			select {
			case names <- name:
			case <-ctx.Done():
				return
			}
		}
	}()
	return names
}

// signalWithin is how long after a signal has ended a context it may arrive as one.
const signalWithin = 50 * time.Millisecond

// nextOr is a signal that is just arriving, or else that which was missed.
func nextOr(signals <-chan string, missed string) string {
	select {
	case name := <-signals:
		return name
	case <-time.After(signalWithin):
		return missed
	}
}

// canRaw says why raw would refuse, before there is anything to run the command in.
func (a *app) canRaw(word detachKeys) error {
	if _, ok := terminal.Of(a.in); !ok {
		return errNoTerminal()
	}
	_, err := word.parse()
	return err
}

func errNoTerminal() error {
	return usagef("standard input is no terminal to run a command on: leave out -t")
}

// endOnSignal has a signal to this program, which on a raw terminal comes from no
// key, end it in order.
func endOnSignal(ctx context.Context, signals <-chan string, end context.CancelCauseFunc) {
	select {
	case name := <-signals:
		end(&codedError{code: terminal.ExitCode(name)})
	case <-ctx.Done():
	}
}

// withTerm says what kind of terminal it is, where nobody else does.
func withTerm(env map[string]string) map[string]string {
	with := map[string]string{"TERM": envOr("TERM", "xterm")}
	for name, value := range env {
		with[name] = value
	}
	return with
}

// ended is the end of a command as one of this program.
func ended(code int, err error) error {
	if err != nil || code == exitYes {
		return err
	}
	return &codedError{code: code}
}
