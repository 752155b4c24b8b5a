package faultproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// Options of a Proxy.
type Options struct {
	// Upstream is the path of the engine's socket.
	Upstream string
	// Delay is how late a call is that has the fault Delay.
	Delay time.Duration
	// Patience bounds Hang and StreamSilent.
	Patience time.Duration
}

// Proxy passes calls on to an engine, but for those that have a fault.
type Proxy struct {
	Options
	book      book
	server    http.Server
	transport http.Transport
	served    chan error
}

// Listen serves at a Unix socket that is made at path, until Close.
func Listen(path string, o Options) (*Proxy, error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	silent := log.New(io.Discard, "", 0) // a broken connection is what it is for
	p := &Proxy{Options: o, served: make(chan error, 1)}
	p.transport = http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", o.Upstream)
		},
	}
	p.server = http.Server{Handler: p, ErrorLog: silent, ReadHeaderTimeout: time.Minute}
	p.book.begin(nil)
	go func() { p.served <- p.server.Serve(listener) }()
	return p, nil
}

// Close ends the proxy and all connections but upgraded ones.
func (p *Proxy) Close() error {
	err := p.server.Close()
	if ended := <-p.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// Begin has faults chosen so from now on, none for nil, and begins a new record.
// Calls under way keep theirs.
func (p *Proxy) Begin(c Chooser) { p.book.begin(c) }

// Record is what there was since Begin.
func (p *Proxy) Record() Record { return p.book.copy() }

// ServeHTTP passes a call on, or has it go wrong.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch fault := p.book.enter(KindOf(r), r.URL.Path); fault {
	case "":
		p.pass(w, r, nil)
	case Delay:
		wait(r.Context(), p.Delay)
		p.pass(w, r, nil)
	case InternalError:
		refuse(w, http.StatusInternalServerError)
	case NotFound:
		refuse(w, http.StatusNotFound)
	case Conflict:
		refuse(w, http.StatusConflict)
	case Reset:
		panic(http.ErrAbortHandler)
	case Hang:
		// Only when the body has been read does the server see a client leave.
		_, _ = io.Copy(io.Discard, r.Body)
		wait(r.Context(), p.Patience)
		panic(http.ErrAbortHandler)
	case ReplyLost:
		p.pass(w, r.WithContext(context.WithoutCancel(r.Context())), lose)
	case HalfBody:
		p.pass(w, r, halve)
	case StreamCut:
		p.pass(w, r, cut)
	case StreamSilent:
		p.pass(w, r, p.silence)
	default:
		panic(fmt.Sprintf("no such fault: %q", fault))
	}
}

// pass passes a call on, and its reply as spoil leaves it.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, spoil func(*http.Response) error) {
	forward := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine"
			r.Out.Host = r.In.Host
		},
		Transport: &p.transport, FlushInterval: -1, ModifyResponse: spoil, ErrorLog: p.server.ErrorLog,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	forward.ServeHTTP(w, r)
}

// refuse answers as an engine does.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"message\":\"fault injected: %s\"}\n", http.StatusText(status)) // the client may have gone
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
