package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

var errNoAddress = errors.New("it has no address on the pool's network")

// tryOf is the probe of a target.
func (m *Manager) tryOf(t reconcile.Target) try {
	probe := t.Readiness
	switch {
	case probe == nil:
		return nil
	case probe.HTTPGet != nil:
		return limited(func(ctx context.Context) error { return httpGet(ctx, t.Address, *probe.HTTPGet) })
	case probe.TCPSocket != nil:
		return limited(func(ctx context.Context) error { return tcpConnect(ctx, t.Address, probe.TCPSocket.Port) })
	default:
		return func(ctx context.Context, timeout time.Duration) error {
			return m.exec(ctx, t.ID, probe.Exec, timeout)
		}
	}
}

// limited gives a call a time limit, with a cause that says so.
func limited(call func(ctx context.Context) error) try {
	return func(ctx context.Context, timeout time.Duration) error {
		ctx, cancel := context.WithTimeoutCause(ctx, timeout, noAnswer(timeout))
		defer cancel()
		return call(ctx)
	}
}

func noAnswer(timeout time.Duration) error {
	return fmt.Errorf("no answer within %s", spec.Duration(timeout))
}

// engineError is of the asking, and not of who was asked: nothing is known of them.
type engineError struct{ error }

func (e engineError) Unwrap() error { return e.error }

// unasked says that an error tells nothing about the container.
func unasked(err error) bool {
	var engine engineError
	return errors.As(err, &engine)
}

// exec runs a command in a container; its output is in the error when it fails.
// Its time begins when it does, and not while it waits for its turn.
func (m *Manager) exec(ctx context.Context, id string, command []string, timeout time.Duration) error {
	select {
	case m.execs <- struct{}{}:
		defer func() { <-m.execs }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, noAnswer(timeout))
	defer cancel()
	result, err := m.runtime.Exec(ctx, id, command)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", command[0], context.Cause(ctx))
	}
	if err != nil && !errors.Is(err, runtime.ErrInvalid) {
		return engineError{err}
	}
	if err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return fmt.Errorf("%s exited with code %d%s", command[0], result.ExitCode, lastLine(result.Output))
	}
	return nil
}

func lastLine(output string) string {
	output = strings.TrimSpace(output)
	if output == "" {
		return ""
	}
	return ": " + output[strings.LastIndex(output, "\n")+1:]
}

// httpClient asks once, over a connection of its own: what is probed is whether
// a new client would be served. Redirects are answers, as they are to kubelet
// when they lead elsewhere.
var httpClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func httpGet(ctx context.Context, address string, get spec.HTTPGet) error {
	if address == "" {
		return errNoAddress
	}
	url := "http://" + net.JoinHostPort(address, strconv.Itoa(get.Port)) + get.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "hal-controller")
	response, err := httpClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 1<<20)
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("GET :%d%s: status %d", get.Port, get.Path, response.StatusCode)
	}
	return nil
}

func tcpConnect(ctx context.Context, address string, port int) error {
	if address == "" {
		return errNoAddress
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return connection.Close()
}
