package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// WatchPools yields all pools as added, and then each change of one, until ctx
// ends: then without an error. Any error is the last thing it yields; it is
// ErrNoDaemon when the daemon stops.
func (c *Client) WatchPools(ctx context.Context) iter.Seq2[PoolChange, error] {
	return func(yield func(PoolChange, error) bool) {
		for change, err := range c.watchPools(ctx) {
			if change.Type == changeBookmark {
				continue
			}
			if !yield(change, err) {
				return
			}
		}
	}
}

// WatchPool yields one pool as it is, and then after each change; nil while
// there is no such pool. It ends as WatchPools does.
func (c *Client) WatchPool(ctx context.Context, name string) iter.Seq2[*spec.Pool, error] {
	return func(yield func(*spec.Pool, error) bool) {
		found := false
		for change, err := range c.watchPools(ctx) {
			absent := change.Type == changeBookmark && !found
			if err == nil && change.Object.Metadata.Name != name && !absent {
				continue
			}
			found = true
			pool := &change.Object
			if err != nil || absent || change.Type == ChangeDeleted {
				pool = nil
			}
			if !yield(pool, err) {
				return
			}
		}
	}
}

func (c *Client) watchPools(ctx context.Context) iter.Seq2[PoolChange, error] {
	return follow[PoolChange](ctx, c, "/v1/pools?watch=true")
}

// WatchEvents yields the events kept of a pool, of all pools for "", and then
// each as it happens. It ends as WatchPools does.
func (c *Client) WatchEvents(ctx context.Context, pool string) iter.Seq2[reconcile.Event, error] {
	return follow[reconcile.Event](ctx, c, "/v1/events?"+url.Values{"watch": {"true"}, "pool": {pool}}.Encode())
}

// Logs is the output of a container from the last tail lines on, all of it for a
// negative tail. With follow it goes on until the container or ctx ends. The
// caller closes it. CodeNotFound.
func (c *Client) Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error) {
	query := url.Values{"tail": {strconv.Itoa(tail)}, "follow": {strconv.FormatBool(follow)}}
	response, err := c.open(ctx, http.MethodGet, "/v1/containers/"+url.PathEscape(container)+"/logs?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// follow yields each line of an answer.
func follow[T any](ctx context.Context, c *Client, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		response, err := c.open(ctx, http.MethodGet, path, nil)
		if err != nil {
			if ctx.Err() == nil {
				yield(zero, err)
			}
			return
		}
		defer response.Body.Close()
		lines := json.NewDecoder(response.Body)
		for {
			var line T
			err := lines.Decode(&line)
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				yield(zero, fmt.Errorf("%w at %s any more: it has stopped", ErrNoDaemon, c.socket))
				return
			}
			if err != nil {
				yield(zero, fmt.Errorf("follow the daemon at %s: %w", c.socket, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}
