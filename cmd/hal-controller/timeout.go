package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// limited bounds what wait does. When time is out, the error says that what was
// waited for has not come, and the last that wait told of.
func limited(ctx context.Context, timeout time.Duration, awaited string, wait func(ctx context.Context, tell func(string)) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := ""
	err := wait(ctx, func(line string) { last = line })
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%s has not come within %s", awaited, timeout)
		if last != "" {
			err = fmt.Errorf("%w: %s", err, last)
		}
		return &codedError{exitTimeout, err}
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted while waiting for %s", awaited)
	default:
		return err
	}
}

func checkTimeout(timeout time.Duration) error {
	if timeout <= 0 {
		return usagef("--timeout %s: more than 0", timeout)
	}
	return nil
}
