package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"hal-controller/pkg/spec"
)

// maxInput is more than any manifest may have, so that the one that has too
// much is told so by the loader.
const maxInput = 2 << 20

// standardInput is what standard input is called in problems.
const standardInput = "stdin"

// text is manifests in one file, as they were written.
type text struct {
	file string
	data []byte
}

// loadPath loads a file or directory, or standard input for "-". Paths in the
// latter are relative to the working directory.
func (a *app) loadPath(path string) ([]spec.Object, spec.Problems) {
	if path != "-" {
		return spec.LoadPath(path)
	}
	data, err := a.readInput()
	if err != nil {
		return nil, spec.Problems{{File: standardInput, Message: err.Error()}}
	}
	return spec.Load(standardInput, data)
}

// loadTexts is loadPath for a caller that passes manifests on as they were
// written. Warnings are printed; the error is the problems.
func (a *app) loadTexts(path string) ([]text, []spec.Object, error) {
	if path == "-" {
		data, err := a.readInput()
		if err != nil {
			return nil, nil, err
		}
		objects, problems := spec.Load(standardInput, data)
		return []text{{standardInput, data}}, objects, a.settle(problems)
	}
	objects, problems := spec.LoadPath(path)
	if err := a.settle(problems); err != nil {
		return nil, nil, err
	}
	var texts []text
	for _, file := range filesOf(objects) {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, text{file, data})
	}
	return texts, objects, nil
}

func (a *app) readInput() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(a.in, maxInput))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return data, nil
}

// settle prints warnings, and returns the errors.
func (a *app) settle(problems spec.Problems) error {
	for _, warning := range problems.Warnings() {
		fmt.Fprintln(a.errOut, warning)
	}
	return problems.Err()
}

// filesOf are the files that objects came from, each once and in order.
func filesOf(objects []spec.Object) []string {
	var files []string
	for _, o := range objects {
		if !slices.Contains(files, o.Source.File) {
			files = append(files, o.Source.File)
		}
	}
	return files
}

// poolsOf are the pools among objects.
func poolsOf(objects []spec.Object) []*spec.Pool {
	var pools []*spec.Pool
	for _, o := range objects {
		if o.Pool != nil {
			pools = append(pools, o.Pool)
		}
	}
	return pools
}

// errNoPool is about manifests without a pool, for a command that needs one.
func errNoPool(path string) error {
	return &codedError{exitUsage, fmt.Errorf("%s declares no pool", path)}
}
