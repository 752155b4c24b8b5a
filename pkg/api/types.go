package api

import (
	"context"
	"fmt"
	"io"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Backend is what the server serves: a running controller.
type Backend interface {
	// Info says who answers.
	Info() Info
	// Pools are the pools that are declared or draining, defaulted and with their
	// status, by name. They must not be changed.
	Pools() []spec.Pool
	// Events keeps what happened.
	Events() *reconcile.Events
	// Manage says why whoever asks, the Peer of ctx, may not change pools, or have
	// them looked at; nil: they may.
	Manage(ctx context.Context) error
	// Reconcile has a pool looked at now, its manifest read again first.
	Reconcile(pool string) error
	// Rollout applies a person's word to a pool's rollout.
	Rollout(pool string, action RolloutAction) error
	// Scale sets spec.workers.warm in the file that the pool came from.
	Scale(pool string, warm int) error
	// Suspend sets spec.suspend in the file that the pool came from.
	Suspend(pool string, suspend bool) error
	// Apply puts the pools of a manifest into the source, each in the file it is
	// in already, or in a file of its own. dryRun changes nothing.
	Apply(manifest []byte, dryRun bool) ([]Applied, error)
	// Delete takes a pool out of the source, which drains it.
	Delete(pool string) error
	// Logs is the output of a container of this instance, as runtime.Containers has it.
	Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error)
	// Session runs a command in the worker of a claim for whom Peer says. ctx
	// bounds the opening.
	Session(ctx context.Context, claim string, request SessionRequest) (runtime.Session, error)
	ClaimBackend
}

// Info is who answers at a socket.
type Info struct {
	Version  string `json:"version"`
	PID      int    `json:"pid"`
	Instance string `json:"instance"`
	// Source is the file or directory of manifests.
	Source string `json:"source"`
	// Engine is the endpoint, and why it was chosen.
	Engine string `json:"engine"`
}

// RolloutAction is a word on a rollout.
type RolloutAction string

// Rollout actions.
const (
	RolloutPause  RolloutAction = "pause"
	RolloutResume RolloutAction = "resume"
	RolloutUndo   RolloutAction = "undo"
)

// Applied is what became of one object of an applied manifest.
type Applied struct {
	Name string `json:"name"`
	// Result is created, configured or unchanged.
	Result string `json:"result"`
	// File that it is in.
	File string `json:"file"`
	// Generation that the object will have been observed at when it is in force.
	Generation int64 `json:"generation"`
}

// ErrorCode is what kind of "no" an error is.
type ErrorCode string

// Error codes. The commands turn them into exit codes.
const (
	CodeNotFound    ErrorCode = "NotFound"    // no such pool or container
	CodeInvalid     ErrorCode = "Invalid"     // the request or the manifest is wrong
	CodeTaken       ErrorCode = "Taken"       // a claim of that name is there, or on its way
	CodeRefused     ErrorCode = "Refused"     // it is right, and cannot be done: the source is not writable, nothing to undo
	CodeUnavailable ErrorCode = "Unavailable" // the engine cannot be reached
	CodeTimeout     ErrorCode = "Timeout"     // the time that was given is over
	CodeInternal    ErrorCode = "Internal"
)

// Error is an answer of no, with a sentence for people.
type Error struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// NoPool is the answer about a pool that there is not, with the nearest of those
// that there are.
func NoPool(name string, among []string) *Error {
	message := fmt.Sprintf("no pool %q", name)
	if nearest, ok := spec.Nearest(name, among); ok {
		message += fmt.Sprintf(": did you mean %q?", nearest)
	}
	return &Error{Code: CodeNotFound, Message: message}
}
