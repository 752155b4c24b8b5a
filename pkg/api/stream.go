package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"hal-controller/pkg/reconcile"
)

// stream writes to a client as things happen. A client that does not keep up
// for bodyTimeout is let go.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// newStream sends the header at once, so that the client knows that it is served.
func newStream(w http.ResponseWriter, contentType string) (stream, error) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(http.StatusOK)
	s := stream{w, http.NewResponseController(w)}
	return s, s.control.Flush()
}

func (s stream) Write(p []byte) (int, error) {
	if err := s.control.SetWriteDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, s.control.Flush()
}

// send writes v as one line.
func (s stream) send(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.Write(append(text, '\n'))
	return err
}

// watchEvents sends the events that are kept, and then each as it happens.
func (s server) watchEvents(w http.ResponseWriter, r *http.Request) error {
	pool := r.URL.Query().Get("pool")
	// Listening before listing misses none; those in both are sent once.
	happening, stop := s.backend.Events().Listen()
	defer stop()
	out, err := newStream(w, "application/x-ndjson")
	sent := map[reconcile.Event]bool{}
	for _, event := range s.backend.Events().List(pool) {
		if err != nil {
			return nil
		}
		sent[event] = true
		err = out.send(event)
	}
	for err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case event := <-happening:
			if (pool == "" || event.Pool == pool) && !sent[event] {
				err = out.send(event)
			}
		}
	}
	return nil // the client is gone; there is nobody to tell
}

// logs passes a container's output on as it is.
func (s server) logs(w http.ResponseWriter, r *http.Request) error {
	follow, err := queryBool(r, "follow")
	if err != nil {
		return err
	}
	tail := -1
	if value := r.URL.Query().Get("tail"); value != "" {
		if tail, err = strconv.Atoi(value); err != nil {
			return invalid("tail=%s: a number of lines", value)
		}
	}
	logs, err := s.backend.Logs(r.Context(), r.PathValue("name"), tail, follow)
	if err != nil {
		return err
	}
	defer logs.Close()
	out, err := newStream(w, "text/plain; charset=utf-8")
	if err != nil {
		return nil
	}
	if _, err := io.Copy(out, logs); err != nil && !errors.Is(err, context.Canceled) {
		breakOff()
	}
	return nil
}

// breakOff ends a stream that cannot be completed. Its header is out, so a
// connection that breaks is how the client learns that this is not all.
func breakOff() { panic(http.ErrAbortHandler) }
