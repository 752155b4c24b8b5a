package faultproxy

import (
	"errors"
	"io"
	"net/http"
	"time"
)

var errSpoilt = errors.New("fault injected")

// lose is of ReplyLost: by the end of the body the engine has done the call. The
// stream of a command that was begun ends at once.
func lose(r *http.Response) error {
	if r.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return errors.Join(errSpoilt, r.Body.Close())
}

// halve leaves the head of a reply, its length too, and half of its body.
func halve(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil || len(body) == 0 {
		return errors.Join(errSpoilt, err)
	}
	r.Body = &half{left: body[:len(body)/2]}
	return nil
}

type half struct{ left []byte }

func (h *half) Read(p []byte) (int, error) {
	if len(h.left) == 0 {
		return 0, errSpoilt
	}
	n := copy(p, h.left)
	h.left = h.left[n:]
	return n, nil
}

func (h *half) Close() error { return nil }

// cut leaves half of what comes first of a stream.
func cut(r *http.Response) error {
	body, begun := r.Body, false
	r.Body = spoil(body, func(p []byte) (int, error) {
		if begun {
			return 0, errSpoilt
		}
		begun = true
		n, _ := body.Read(p) // what comes next is an end anyway
		return n / 2, nil
	})
	return nil
}

// silence leaves nothing of a stream but that it is open.
func (p *Proxy) silence(r *http.Response) error {
	body, ctx, until := r.Body, r.Request.Context(), time.Now().Add(p.Patience)
	over := time.AfterFunc(p.Patience, func() { _ = body.Close() })
	r.Body = spoil(body, func([]byte) (int, error) {
		defer over.Stop()
		_, _ = io.Copy(io.Discard, body)
		wait(ctx, time.Until(until))
		return 0, errSpoilt
	})
	return nil
}

// spoil is a body that is read otherwise. That of an upgraded connection can still
// be written to, and its writing half closed.
func spoil(body io.ReadCloser, read func([]byte) (int, error)) io.ReadCloser {
	if duplex, ok := body.(duplex); ok {
		return spoiltDuplex{duplex, read}
	}
	return spoiltBody{body, read}
}

type duplex interface {
	io.ReadWriteCloser
	CloseWrite() error
}

type spoiltDuplex struct {
	duplex
	read func([]byte) (int, error)
}

func (s spoiltDuplex) Read(p []byte) (int, error) { return s.read(p) }

type spoiltBody struct {
	io.Closer
	read func([]byte) (int, error)
}

func (s spoiltBody) Read(p []byte) (int, error) { return s.read(p) }
