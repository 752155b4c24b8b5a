package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
)

// ErrDetached is what a Streams' In ends with to leave the command to itself.
var ErrDetached = errors.New("detached")

// Streams are the caller's ends of a session.
type Streams struct {
	// In is the command's input. Nil: none. An end with io.EOF is the end of the
	// input, one with ErrDetached leaves the command running, and any other ends
	// the session. It may be read from once more after the session's end.
	In io.Reader
	// Out and Err take the command's outputs; on a terminal all is Out. An error
	// of them ends the session.
	Out, Err io.Writer
	// Warn is told what was asked for and did not work, and what a person in the
	// session should know. Nil: nobody.
	Warn func(message string)
	// Sizes of the terminal, and names of Signals, are passed on. Nil or open.
	Sizes   <-chan runtime.TerminalSize
	Signals <-chan string
}

// Exec runs a command in a claim's worker, and returns its exit code once all of
// its output is written. An end of ctx ends the command, too. ErrDetached;
// ErrNoDaemon where the daemon stops meanwhile.
func (c *Client) Exec(ctx context.Context, claim string, request SessionRequest, local Streams) (exitCode int, err error) {
	conn, err := c.upgrade(ctx, "/v1/claims/"+url.PathEscape(claim)+"/exec", request)
	if err != nil {
		return 0, err
	}
	remote, err := openStreams(conn)
	if err != nil {
		return 0, c.gone()
	}
	defer remote.close()
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(inner, remote.close)()
	var detached atomic.Bool
	go func() {
		err := sendInput(remote, local.In)
		switch {
		case errors.Is(err, ErrDetached):
			detached.Store(true)
			_ = say(remote.words, clientWord{Detach: true}) // heard, it closes the connection
		case err != nil:
			stop(err)
		}
	}()
	go sendWords(inner, remote, local)
	exitCode, err = c.receive(remote, local)
	if detached.Load() {
		return 0, ErrDetached
	}
	if cause := context.Cause(inner); cause != nil {
		return 0, cause // and not what came of it
	}
	return exitCode, err
}

// upgrade makes a request for a session, and returns its connection.
func (c *Client) upgrade(ctx context.Context, path string, body any) (io.ReadWriteCloser, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", body, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hal"+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("ask the daemon for %s: %w", path, err)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", sessionProtocol)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unanswered(http.MethodPost, path, err)
	}
	if conn, upgraded := response.Body.(io.ReadWriteCloser); upgraded && response.StatusCode == http.StatusSwitchingProtocols {
		return conn, nil
	}
	defer response.Body.Close()
	return nil, c.refusal(response)
}

func (c *Client) gone() error {
	return fmt.Errorf("%w at %s any more: it has stopped, and with it the connection to the command", ErrNoDaemon, c.socket)
}

// sendInput passes the input on to its end. An error is of reading it.
func sendInput(remote streams, in io.Reader) error {
	defer remote.stdio.Close()
	if in == nil {
		return nil
	}
	_, err := io.Copy(remote.stdio, inputErrors{in})
	var local inputError
	switch {
	case errors.As(err, &local):
		return fmt.Errorf("read the command's input: %w", local)
	default:
		return nil // it is the remote end that takes no more: its last word says why
	}
}

// inputErrors tells errors of reading from those of writing.
type inputErrors struct{ io.Reader }

type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func (r inputErrors) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = inputError{err}
	}
	return n, err
}

// sendWords passes sizes and signals on until ctx ends.
func sendWords(ctx context.Context, remote streams, local Streams) {
	for {
		var word clientWord
		select {
		case <-ctx.Done():
			return
		case size := <-local.Sizes:
			word.Resize = &size
		case word.Signal = <-local.Signals:
		}
		if say(remote.words, word) != nil {
			return
		}
	}
}

// receive writes the outputs, and returns what the last word is.
func (c *Client) receive(remote streams, local Streams) (exitCode int, err error) {
	var receiving errgroup.Group
	write := func(to io.Writer, from io.Reader) {
		receiving.Go(func() error {
			_, err := io.Copy(to, from)
			if err != nil {
				remote.close()
				return fmt.Errorf("write the command's output: %w", err)
			}
			return nil
		})
	}
	write(local.Out, remote.stdio)
	write(local.Err, remote.stderrs)
	var last serverWord
	hearing := make(chan struct{})
	go func() {
		defer close(hearing)
		_ = hear(remote.words, func(word serverWord) bool {
			if word.Warning != "" && local.Warn != nil {
				local.Warn(word.Warning)
			}
			last = word
			return word.Exit == nil && word.Error == nil
		})
	}()
	if err := receiving.Wait(); err != nil {
		return 0, err
	}
	<-hearing
	switch {
	case last.Exit != nil:
		return *last.Exit, nil
	case last.Error != nil:
		return 0, last.Error
	default:
		return 0, c.gone()
	}
}
