package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Shell runs scripts in containers.
type Shell interface {
	// Run runs a script with the sh of a running container, as the user whose
	// the workspace is, and waits for its end. The error is of the running of
	// it, of stdin or of stdout; the script's own failure is its exit code.
	Run(ctx context.Context, id, script string, stdin io.Reader, stdout io.Writer) (exit int, err error)
}

// Worker is a container that has a copy of a project.
type Worker struct {
	Shell  Shell
	ID     string
	Target string // the directory of the workspace, which exists
}

// CopyIn sends a project into the workspace of a running worker, as Send does.
// After an error the workspace has a part of it, or all.
func CopyIn(ctx context.Context, w Worker, root *os.Root, o Options) (Manifest, error) {
	var manifest Manifest
	archive, content := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		manifest, err = Send(ctx, root, content, o)
		content.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := w.run(ctx, UnpackScript(w.Target), archive, io.Discard, 0)
		archive.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		return err
	})
	err := group.Wait()
	return manifest, err
}

// CopyOut brings what changed in the workspace of a running worker back to the
// project, as Apply does.
func CopyOut(ctx context.Context, w Worker, root *os.Root, base Manifest, o Options) (Report, error) {
	survey, err := w.survey(ctx, o)
	if err != nil {
		return Report{}, err
	}
	rules := &Rules{}
	if files := survey.RuleFiles(); len(files) > 0 {
		err = w.pack(ctx, files, func(archive io.Reader) (err error) {
			rules, err = ReadRules(ctx, archive)
			return err
		})
	}
	if err != nil {
		return Report{}, err
	}
	set, err := Changes(ctx, base, survey, rules, o)
	if err != nil {
		return Report{}, err
	}
	if len(set.Fetch) == 0 {
		return Apply(ctx, root, base, set, strings.NewReader(""), o)
	}
	var report Report
	err = w.pack(ctx, set.Fetch, func(archive io.Reader) (err error) {
		report, err = Apply(ctx, root, base, set, archive, o)
		return err
	})
	return report, err
}

// CopyOutTar is CopyOut for a worker that runs no more. open opens a tar of the
// whole workspace, its paths relative to it; it is read twice.
func CopyOutTar(ctx context.Context, open func() (io.ReadCloser, error), root *os.Root, base Manifest, o Options) (Report, error) {
	archive, err := open()
	if err != nil {
		return Report{}, err
	}
	survey, rules, err := SurveyTar(ctx, archive, o)
	_ = archive.Close()
	if err != nil {
		return Report{}, err
	}
	set, err := Changes(ctx, base, survey, rules, o)
	if err != nil {
		return Report{}, err
	}
	if archive, err = open(); err != nil {
		return Report{}, err
	}
	defer archive.Close()
	return Apply(ctx, root, base, set, archive, o)
}

func (w Worker) survey(ctx context.Context, o Options) (Survey, error) {
	var survey Survey
	err := w.read(ctx, SurveyScript(w.Target), strings.NewReader(""), 0, func(r io.Reader) (err error) {
		survey, err = ParseSurvey(ctx, r, o)
		return err
	})
	return survey, err
}

func (w Worker) pack(ctx context.Context, files []Entry, do func(archive io.Reader) error) error {
	var paths strings.Builder
	for _, e := range files {
		paths.WriteString(string(e.Path) + "\x00")
	}
	return w.read(ctx, PackScript(w.Target), strings.NewReader(paths.String()), 1, do)
}

// maxPadding is more than any tar has after its end, in bytes.
const maxPadding = 1 << 20

// read gives the output of a script to a reader of it.
func (w Worker) read(ctx context.Context, script string, stdin io.Reader, maxExit int, do func(io.Reader) error) error {
	output, stdout := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := w.run(ctx, script, stdin, stdout, maxExit)
		stdout.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := do(output)
		if err == nil { // tar pads its end, and must be able to
			_, _ = io.CopyN(io.Discard, output, maxPadding)
		}
		output.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		return err
	})
	return group.Wait()
}

func (w Worker) run(ctx context.Context, script string, stdin io.Reader, stdout io.Writer, maxExit int) error {
	exit, err := w.Shell.Run(ctx, w.ID, script, stdin, stdout)
	if err == nil && exit > maxExit {
		err = fmt.Errorf("exit code %d", exit)
	}
	if err != nil {
		return fmt.Errorf("copy %s of worker %s: %w", w.Target, w.ID, err)
	}
	return nil
}
