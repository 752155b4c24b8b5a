package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/tarball"
)

// packScript writes the tar of a name in a directory. As here, a link that is
// asked for by its name is followed.
const packScript = `cd -- "$1" || exit
if [ -L "$2" ]; then exec tar -c -h -f - -- "$2"; fi
exec tar -c -f - -- "$2"`

// copyOut unpacks while the worker packs.
func (a *app) copyOut(ctx context.Context, from place, to string) error {
	directory, name := path.Split(strings.TrimRight(from.path, "/"))
	if contents(from.path) || name == "" || name == ".." {
		directory, name = from.path, "."
	}
	root, as, err := destination(to, name)
	if err != nil {
		return fmt.Errorf("copy to %s: %w", to, err)
	}
	defer root.Close()
	reader, writer := io.Pipe()
	var copying errgroup.Group
	copying.Go(func() error {
		code, complaint, err := a.inWorker(ctx, from.claim, nil, writer, "/bin/sh", "-c", packScript, "hal", orDot(directory), name)
		if err == nil && code != exitYes {
			err = fmt.Errorf("copy %s:%s: %s", from.claim, from.path, complaint)
		}
		_ = writer.CloseWithError(err)
		return err
	})
	skipped, err := tarball.Unpack(reader, root, name, as)
	if err == nil {
		_, err = io.Copy(io.Discard, reader) // what tar fills its last block with
	}
	_ = reader.CloseWithError(err) // where it is no use to go on
	if workerErr := copying.Wait(); workerErr != nil && (err == nil || errors.Is(err, workerErr)) {
		return workerErr
	}
	return a.copied(skipped, err)
}

// unpackScript has files belong to who runs it, root too.
const unpackScript = `cd -- "$1" && exec tar -x -o -f -`

// copyIn packs while the worker unpacks.
func (a *app) copyIn(ctx context.Context, from string, to place) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	directory, as, err := a.remoteDestination(ctx, from, to)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	var skipped []tarball.Skipped
	var copying errgroup.Group
	copying.Go(func() (err error) {
		skipped, err = tarball.Pack(writer, from, as)
		_ = writer.CloseWithError(err)
		return err
	})
	code, complaint, err := a.inWorker(ctx, to.claim, reader, io.Discard, "/bin/sh", "-c", unpackScript, "hal", directory)
	_ = reader.CloseWithError(errWorkerDone)
	packErr := copying.Wait()
	switch {
	case err == nil && code != exitYes:
		return fmt.Errorf("copy to %s:%s: %s", to.claim, to.path, complaint)
	case packErr != nil && !errors.Is(packErr, errWorkerDone):
		return fmt.Errorf("copy %s: %w", from, packErr)
	}
	return a.copied(skipped, err)
}

var errWorkerDone = errors.New("the worker takes no more")

// remoteDestination says in which directory of the worker, and under what name.
func (a *app) remoteDestination(ctx context.Context, from string, to place) (directory, as string, err error) {
	absolute, err := filepath.Abs(from)
	if err != nil {
		return "", "", err
	}
	script, name := `test -d "$1"`, filepath.Base(absolute)
	if contents(from) {
		script, name = `mkdir -p -- "$1"`, "."
	}
	code, complaint, err := a.inWorker(ctx, to.claim, nil, io.Discard, "/bin/sh", "-c", script, "hal", to.path)
	switch {
	case err != nil:
		return "", "", err
	case code == exitYes:
		return to.path, name, nil
	case name == "." || strings.HasSuffix(to.path, "/"):
		return "", "", fmt.Errorf("copy to %s:%s: it is no directory: %s", to.claim, to.path, complaint)
	}
	directory, as = path.Split(to.path)
	return orDot(directory), as, nil
}

// copied tells what has been left out.
func (a *app) copied(skipped []tarball.Skipped, err error) error {
	for _, s := range skipped {
		fmt.Fprintf(a.errOut, "hal-controller: left out: %s\n", s)
	}
	if err == nil && len(skipped) > 0 {
		return answerNo()
	}
	return err
}
