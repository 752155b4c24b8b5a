package fake

import (
	"bytes"
	"context"
	"io"

	"hal-controller/pkg/runtime"
)

// Log adds lines to the output of the container of a name.
func (r *Runtime) Log(name string, lines ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.named(name)
	if c == nil {
		return
	}
	for _, line := range lines {
		c.logs = append(c.logs, line+"\n"...)
	}
	c.notify()
}

// Logs implements runtime.Containers.
func (r *Runtime) Logs(ctx context.Context, id string, tail int, follow bool) (io.ReadCloser, error) {
	var (
		c    *container
		text []byte
		from int
	)
	err := r.do(ctx, r.on("logs", id), func() (err error) {
		if c, err = r.find(id); err != nil {
			return err
		}
		text, from = lastLines(c.logs, tail), len(c.logs)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !follow {
		return io.NopCloser(bytes.NewReader(text)), nil
	}
	reader, writer := io.Pipe()
	go func() {
		_, _ = writer.Write(text)
		_ = writer.CloseWithError(r.follow(ctx, c, from, writer))
	}()
	return reader, nil
}

// follow copies what comes until the container or ctx ends, or nobody reads.
func (r *Runtime) follow(ctx context.Context, c *container, from int, w io.Writer) error {
	for {
		r.mu.Lock()
		text := bytes.Clone(c.logs[from:])
		from = len(c.logs)
		live := c.running() || c.State == runtime.StateCreated
		changed := c.changed
		r.mu.Unlock()
		if _, err := w.Write(text); err != nil || !live {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lastLines returns the last n lines of a text, all of it for a negative n.
func lastLines(text []byte, n int) []byte {
	if n < 0 {
		return bytes.Clone(text)
	}
	at := len(text)
	for ; n > 0 && at > 0; n-- {
		at = bytes.LastIndexByte(text[:at-1], '\n') + 1
	}
	return bytes.Clone(text[at:])
}
