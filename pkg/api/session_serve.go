package api

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/runtime"
)

// lingerFor is the time a client has to take the last word.
const lingerFor = 5 * time.Second

func (s server) session(w http.ResponseWriter, r *http.Request) error {
	return serveSession(w, r, func(ctx context.Context, request SessionRequest) (runtime.Session, error) {
		return s.backend.Session(ctx, r.PathValue("name"), request)
	})
}

// serveSession opens a session and connects the client to it, until the command
// ends or either is gone: then the command is ended, too. An error is the answer.
func serveSession(w http.ResponseWriter, r *http.Request, open func(context.Context, SessionRequest) (runtime.Session, error)) error {
	if r.Header.Get("Upgrade") != sessionProtocol {
		return invalid("session: ask for it with the headers Connection: Upgrade, and Upgrade: %s", sessionProtocol)
	}
	var request SessionRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := request.validate(); err != nil {
		return err
	}
	session, err := open(r.Context(), request)
	if err != nil {
		return err
	}
	defer session.Close() // what it says to that, nobody is there to hear
	conn, err := takeOver(w)
	if err != nil {
		return fmt.Errorf("make a session of the connection: %w", err)
	}
	defer conn.Close()
	relay(r.Context(), conn, session)
	return nil
}

// takeOver makes a request's connection one of the session's protocol.
func takeOver(w http.ResponseWriter) (net.Conn, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // what the HTTP server left on it
	answer := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + sessionProtocol + "\r\n\r\n"
	if _, err := io.WriteString(conn, answer); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return readAhead{conn, buffered.Reader}, nil
}

// readAhead is a connection of which something has been read already.
type readAhead struct {
	net.Conn
	reader io.Reader
}

func (c readAhead) Read(p []byte) (int, error) { return c.reader.Read(p) }

// relay passes everything on between a client and its command.
func relay(ctx context.Context, conn net.Conn, session runtime.Session) {
	client, err := acceptStreams(conn)
	if err != nil {
		return
	}
	defer client.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-client.mux.CloseChan()
		cancel()
	}()
	go func() {
		_, _ = io.Copy(session.Stdin(), client.stdio)
		_ = session.Stdin().Close()
	}()
	go obey(ctx, client, session)
	if noticing, ok := session.(Noticing); ok {
		go passNotices(ctx, client, noticing.Notices())
	}
	ended := make(chan serverWord, 1)
	go func() { ended <- passOutput(ctx, client, session) }()
	select {
	case <-ctx.Done():
	case last := <-ended:
		if say(client.words, last) == nil {
			waitClosed(ctx, client)
		}
	}
}

// obey does what the client's words say.
func obey(ctx context.Context, client streams, session runtime.Session) {
	_ = hear(client.words, func(word clientWord) bool {
		var err error
		switch {
		case word.Resize != nil:
			err = session.Resize(ctx, *word.Resize)
		case word.Signal != "":
			err = session.Signal(ctx, word.Signal)
		case word.Detach:
			_ = session.Detach()
			return false
		}
		if err != nil && ctx.Err() == nil {
			_ = say(client.words, serverWord{Warning: answerOf(err).Message})
		}
		return true
	})
	client.close()
}

// passNotices passes on what the session's person is to know.
func passNotices(ctx context.Context, client streams, notices <-chan string) {
	for {
		select {
		case <-ctx.Done():
			return
		case notice := <-notices:
			if say(client.words, serverWord{Warning: notice}) != nil {
				return
			}
		}
	}
}

// passOutput passes on what the command says, and returns how it ended.
func passOutput(ctx context.Context, client streams, session runtime.Session) serverWord {
	var outputs errgroup.Group
	pass := func(to net.Conn, from io.Reader) {
		outputs.Go(func() error {
			defer to.Close()
			_, err := io.Copy(to, from)
			return err
		})
	}
	pass(client.stdio, session.Stdout())
	pass(client.stderrs, session.Stderr())
	err := outputs.Wait()
	if err != nil {
		return serverWord{Error: answerOf(fmt.Errorf("pass on a command's output: %w", err))}
	}
	code, err := session.Wait(ctx)
	if err != nil {
		return serverWord{Error: answerOf(fmt.Errorf("wait for a command's end: %w", err))}
	}
	return serverWord{Exit: &code}
}

// waitClosed leaves it to the client to close the connection: it has all it wants.
func waitClosed(ctx context.Context, client streams) {
	linger := time.NewTimer(lingerFor)
	defer linger.Stop()
	select {
	case <-client.mux.CloseChan():
	case <-ctx.Done():
	case <-linger.C:
	}
}
