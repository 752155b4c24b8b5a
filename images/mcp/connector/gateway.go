package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	retryAfter = 100 * time.Millisecond
	// answerWithin leaves a busy machine time to start the server's process.
	answerWithin = 30 * time.Second
	// longestAnswer bounds what is read of a service that is something else.
	longestAnswer = 1024
)

// errCutOff is the end of a session that nobody at this side asked for.
var errCutOff = errors.New("the session was ended by the service, which may have been stopped or restarted: connect again")

// gateway is where the pool's MCP servers are reached.
type gateway struct {
	address  string
	patience time.Duration // for a service that cannot be reached yet
}

// join relays in and out to the server called name until the session is over.
// It returns nil only when the input ended first: all there was to say was said.
func (g gateway) join(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	connection, err := g.dial(ctx)
	if err != nil {
		return fmt.Errorf("the MCP service at %s cannot be reached: %w: add the service mcp with image hal/mcp to the pool, or set HAL_MCP_ADDRESS", g.address, err)
	}
	defer connection.Close()
	replies := bufio.NewReaderSize(connection, longestAnswer)
	if err := g.ask(connection, replies, name); err != nil {
		return err
	}
	if err := relay(connection, replies, in, out); err != nil {
		return fmt.Errorf("%s at %s: %w", name, g.address, err)
	}
	return nil
}

// dial connects, trying again for as long as there is patience: a service that
// restarts refuses, and its name is unknown meanwhile where it has an address of
// its own.
func (g gateway) dial(ctx context.Context) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	var dialer net.Dialer
	for {
		connection, err := dialer.DialContext(ctx, "tcp", g.address)
		if err == nil {
			return connection.(*net.TCPConn), nil
		}
		if malformed := (*net.AddrError)(nil); errors.As(err, &malformed) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryAfter):
		}
	}
}

// ask names the server that is wanted, and returns nil once the service has
// agreed.
func (g gateway) ask(connection *net.TCPConn, replies *bufio.Reader, name string) error {
	if err := connection.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return fmt.Errorf("bound the wait for %s: %w", g.address, err)
	}
	if _, err := io.WriteString(connection, name+"\n"); err != nil {
		return fmt.Errorf("ask %s for %s: %w", g.address, name, err)
	}
	line, err := replies.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("ask %s for %s: no answer: %w", g.address, name, err)
	}
	answer := strings.TrimSuffix(string(line), "\n")
	if reason, refused := strings.CutPrefix(answer, "error "); refused {
		return fmt.Errorf("%s at %s: %s", name, g.address, printable(reason))
	}
	if answer != "ok" {
		return fmt.Errorf("ask %s for %s: the answer %.40q is not that of the service mcp: set HAL_MCP_ADDRESS to where hal/mcp listens", g.address, name, answer)
	}
	return connection.SetDeadline(time.Time{})
}

// relay copies both ways until the service closes.
func relay(connection *net.TCPConn, replies io.Reader, in io.Reader, out io.Writer) error {
	said := make(chan error, 1)
	go func() {
		_, err := io.Copy(connection, in)
		said <- err // before the service can learn of it and close
		_ = connection.CloseWrite()
	}()
	if _, err := io.Copy(out, replies); err != nil {
		return fmt.Errorf("relay the session: %w", err)
	}
	select {
	case err := <-said:
		if err != nil {
			return fmt.Errorf("relay the session: %w", err)
		}
		return nil
	default:
		return errCutOff
	}
}

// printable keeps a reason from moving the cursor of the terminal it is shown on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
