package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// placeFor is the directory below dir that what a claim has is to be kept in; "" for
// no dir. It is looked at before the claim is released: nothing is there, and
// something can be made there.
func placeFor(dir, claim string) (string, error) {
	if dir == "" {
		return "", nil
	}
	place := filepath.Join(dir, claim)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", usagef("--keep-changes: %w", err)
	}
	err := os.Mkdir(place, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return "", usagef("--keep-changes: there is %s already: choose another directory, or remove it", place)
	}
	if err != nil {
		return "", usagef("--keep-changes: %w", err)
	}
	return place, os.Remove(place) // there may be nothing to keep
}

// keepChanges copies what was rescued.
func keepChanges(place, rescued string) error {
	if err := os.Mkdir(place, 0o700); err != nil {
		return fmt.Errorf("keep what was rescued, which is in %s: %w", rescued, err)
	}
	if err := os.CopyFS(place, os.DirFS(rescued)); err != nil {
		return fmt.Errorf("keep what was rescued, which is in %s, in %s: %w", rescued, place, err)
	}
	return nil
}
