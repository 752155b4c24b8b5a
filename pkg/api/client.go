package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// ErrNoDaemon says that nobody listens on the socket.
var ErrNoDaemon = errors.New("no daemon")

// answerWithin is the time a daemon has to begin its answer. It only ever looks
// at files and memory, or opens a stream.
const answerWithin = 30 * time.Second

// Client asks a running controller. Its errors are an *Error where the daemon's
// answer is no, ErrNoDaemon where there is none, and else say what was attempted.
// It is safe for concurrent use.
type Client struct {
	socket string
	http   *http.Client
	// patient is for what takes as long as it takes: a worker that is made, a
	// project that is copied, work that is saved.
	patient *http.Client
}

// NewClient makes a client for a socket. It does not connect yet.
func NewClient(socket string) *Client {
	patient := &http.Transport{
		IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
	prompt := patient.Clone()
	prompt.ResponseHeaderTimeout = answerWithin
	return &Client{socket, &http.Client{Transport: prompt}, &http.Client{Transport: patient}}
}

// Socket is where the daemon is asked.
func (c *Client) Socket() string { return c.socket }

// Info says who answers.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	return info, c.call(ctx, http.MethodGet, "/v1/info", nil, &info)
}

// Pools are the pools that are declared or draining, by name.
func (c *Client) Pools(ctx context.Context) ([]spec.Pool, error) {
	var pools []spec.Pool
	return pools, c.call(ctx, http.MethodGet, "/v1/pools", nil, &pools)
}

// Pool is one pool. CodeNotFound.
func (c *Client) Pool(ctx context.Context, name string) (spec.Pool, error) {
	var pool spec.Pool
	return pool, c.call(ctx, http.MethodGet, poolPath(name, ""), nil, &pool)
}

// Events are those kept of a pool, of all pools for "", oldest first.
func (c *Client) Events(ctx context.Context, pool string) ([]reconcile.Event, error) {
	var events []reconcile.Event
	return events, c.call(ctx, http.MethodGet, "/v1/events?"+url.Values{"pool": {pool}}.Encode(), nil, &events)
}

// Reconcile has a pool looked at now.
func (c *Client) Reconcile(ctx context.Context, pool string) error {
	return c.call(ctx, http.MethodPost, poolPath(pool, "/reconcile"), nil, nil)
}

// Rollout applies a person's word to a pool's rollout.
func (c *Client) Rollout(ctx context.Context, pool string, action RolloutAction) error {
	return c.call(ctx, http.MethodPost, poolPath(pool, "/rollout"), rolloutRequest{action}, nil)
}

// Scale sets spec.workers.warm in the pool's manifest.
func (c *Client) Scale(ctx context.Context, pool string, warm int) error {
	return c.call(ctx, http.MethodPost, poolPath(pool, "/scale"), scaleRequest{&warm}, nil)
}

// Suspend sets spec.suspend in the pool's manifest.
func (c *Client) Suspend(ctx context.Context, pool string, suspend bool) error {
	return c.call(ctx, http.MethodPost, poolPath(pool, "/suspend"), suspendRequest{&suspend}, nil)
}

// Apply puts the pools of a manifest into the daemon's source; dryRun only says
// what would become of them.
func (c *Client) Apply(ctx context.Context, manifest []byte, dryRun bool) ([]Applied, error) {
	var applied []Applied
	return applied, c.call(ctx, http.MethodPost, "/v1/apply?dryRun="+strconv.FormatBool(dryRun), manifest, &applied)
}

// Delete takes a pool out of the daemon's source, which drains it.
func (c *Client) Delete(ctx context.Context, pool string) error {
	return c.call(ctx, http.MethodDelete, poolPath(pool, ""), nil, nil)
}

func poolPath(name, rest string) string { return "/v1/pools/" + url.PathEscape(name) + rest }

// call makes a request and reads its answer into out, which may be nil.
func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	response, err := c.open(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer of the daemon at %s to %s %s: %w", c.socket, method, path, err)
	}
	return nil
}

// open makes a request; the answer is yes, and its body the caller's to close.
func (c *Client) open(ctx context.Context, method, path string, body any) (*http.Response, error) {
	return c.ask(ctx, c.http, method, path, body)
}

func (c *Client) ask(ctx context.Context, through *http.Client, method, path string, body any) (*http.Response, error) {
	text, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write %T as JSON: %w", body, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://hal"+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("ask the daemon for %s %s: %w", method, path, err)
	}
	response, err := through.Do(request)
	if err != nil {
		return nil, c.unanswered(method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, c.refusal(response)
	}
	return response, nil
}

// unanswered says why there is no answer, and what to do.
func (c *Client) unanswered(method, path string, err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err // the URL names no host that anybody knows
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("%w at %s: start one with: hal-controller run -f PATH", ErrNoDaemon, c.socket)
	case errors.Is(err, fs.ErrPermission):
		return &Error{CodeUnavailable, fmt.Sprintf("no permission to use the daemon's socket %s: ask as its owner or a member of its group, for example with sudo", c.socket)}
	default:
		return fmt.Errorf("ask the daemon at %s for %s %s: %w", c.socket, method, path, err)
	}
}

// refusal is the daemon's answer of no.
func (c *Client) refusal(response *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read the answer of the daemon at %s: %w", c.socket, err)
	}
	var answer Error
	if err := json.Unmarshal(text, &answer); err != nil || answer.Code == "" {
		return &Error{CodeInternal, fmt.Sprintf("the daemon at %s answered %s: %.200q", c.socket, response.Status, text)}
	}
	return &answer
}
