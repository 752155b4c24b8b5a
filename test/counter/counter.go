package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/google/renameio/v2"
)

// counter is a number kept in a file. It may be used concurrently.
type counter struct {
	mu   sync.Mutex
	path string
	n    uint64
}

// openCounter goes on from the number in the file at path, or from zero where
// there is no such file.
func openCounter(path string) (*counter, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &counter{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the count: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s holds no count: %w; remove it to start from zero", path, err)
	}
	return &counter{path: path, n: n}, nil
}

// Add counts one more and returns the new number, which is in the file by then.
// On an error nothing was counted.
func (c *counter) Add() (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := strconv.FormatUint(c.n+1, 10) + "\n"
	if err := renameio.WriteFile(c.path, []byte(next), 0o644); err != nil {
		return 0, fmt.Errorf("save the count: %w", err)
	}
	c.n++
	return c.n, nil
}
