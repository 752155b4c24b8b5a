package main

import (
	"context"
	"errors"
	"fmt"

	"hal-controller/pkg/api"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Exit codes of every command.
const (
	exitYes         = 0 // done; the answer is yes
	exitNo          = 1 // the answer is no: differences, not converged, a condition that is false
	exitUsage       = 2 // wrong arguments, or an invalid manifest
	exitTimeout     = 3 // out of time
	exitUnavailable = 4 // neither engine nor daemon can be reached
)

// codedError is an error that says how the command ends. A nil err ends it
// without a word: the answer has been printed.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

// usageError is about the command line; the usage line is printed with it.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// answerNo ends a command whose answer has been printed, and is no.
func answerNo() error { return &codedError{code: exitNo} }

// exitCode is how a command ends that returned err.
func exitCode(err error) int {
	var coded *codedError
	var usage *usageError
	var answer *api.Error
	var problems spec.Problems
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage), errors.As(err, &problems):
		return exitUsage
	case errors.As(err, &answer):
		return answerCode(answer.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case errors.Is(err, runtime.ErrUnavailable), errors.Is(err, api.ErrNoDaemon):
		return exitUnavailable
	default:
		return exitNo
	}
}

func answerCode(code api.ErrorCode) int {
	switch code {
	case api.CodeInvalid:
		return exitUsage
	case api.CodeUnavailable:
		return exitUnavailable
	case api.CodeTimeout:
		return exitTimeout
	default:
		return exitNo
	}
}
