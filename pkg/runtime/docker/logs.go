package docker

import (
	"context"
	"io"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Logs implements runtime.Containers.
func (e *Engine) Logs(ctx context.Context, id string, tail int, follow bool) (io.ReadCloser, error) {
	c, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return nil, e.onContainer(err)
	}
	lines := "all"
	if tail >= 0 {
		lines = strconv.Itoa(tail)
	}
	body, err := e.client.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Tail: lines, Follow: follow,
	})
	if err != nil {
		return nil, e.onContainer(err)
	}
	if c.Config.Tty {
		return body, nil // a terminal's output is one stream and comes plain
	}
	return plain(body), nil
}

// plain takes the frames off an interleaved stream. Closing it closes the stream.
func plain(body io.ReadCloser) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		defer body.Close()
		_, err := stdcopy.StdCopy(writer, writer, body)
		_ = writer.CloseWithError(err)
	}()
	return &plainLogs{PipeReader: reader, body: body}
}

type plainLogs struct {
	*io.PipeReader
	body io.Closer
}

// Close ends the stream even while the copying waits for more of it.
func (l *plainLogs) Close() error {
	_ = l.PipeReader.Close()
	return l.body.Close()
}
