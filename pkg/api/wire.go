package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// maxBody is the most that a request may bring: as much as a manifest may hold.
const maxBody = 1 << 20

// bodyTimeout is the time a client has to send a body, or to take what is
// written to it. It is per write, so that a stream may last for days.
const bodyTimeout = 10 * time.Second

// inTime gives a client bodyTimeout for what it says that it sends. Before it answers,
// the HTTP server reads what nobody has read of a body: without a deadline, for as long
// as a client likes that sends none.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, invalid("the request's body has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, invalid("read the request's body: %v", err)
	}
	// The deadline of inTime would cancel the request's context later on.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, nil
}

// readJSON reads a body of exactly one object without unknown fields.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalid("read the request's body: %v", err)
	}
	if decoder.More() {
		return invalid("read the request's body: more than one JSON value")
	}
	return nil
}

func queryBool(r *http.Request, name string) (bool, error) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, invalid("%s=%s: true or false", name, value)
	}
	return b, nil
}

func invalid(format string, args ...any) error {
	return &Error{CodeInvalid, fmt.Sprintf(format, args...)}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %T as JSON: %w", v, err)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a client that is gone needs no answer
	return nil
}

var statusOf = map[ErrorCode]int{
	CodeNotFound:    http.StatusNotFound,
	CodeInvalid:     http.StatusBadRequest,
	CodeTaken:       http.StatusConflict,
	CodeRefused:     http.StatusConflict,
	CodeUnavailable: http.StatusServiceUnavailable,
	CodeTimeout:     http.StatusRequestTimeout,
	CodeInternal:    http.StatusInternalServerError,
}

func writeError(w http.ResponseWriter, err error) {
	answer := answerOf(err)
	status, known := statusOf[answer.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	_ = writeJSON(w, status, answer)
}

// answerOf is an error as it is sent: a backend may return what the engine and
// the manifests say as it is.
func answerOf(err error) *Error {
	var answer *Error
	var problems spec.Problems
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.As(err, &problems):
		return &Error{CodeInvalid, err.Error()}
	case errors.Is(err, runtime.ErrUnavailable):
		return &Error{CodeUnavailable, err.Error()}
	case errors.Is(err, runtime.ErrNotFound):
		return &Error{CodeNotFound, err.Error()}
	default:
		return &Error{CodeInternal, err.Error()}
	}
}
