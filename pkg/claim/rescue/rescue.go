package rescue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"hal-controller/pkg/claim/workspace"
	"hal-controller/pkg/runtime"
)

// Engine is what a rescue needs of a container engine.
type Engine interface {
	// Run runs a script with the sh of a running container, as the worker's
	// user, and waits for its end. The error is of the running of it, of stdin
	// or of stdout; the script's own failure is its exit code.
	Run(ctx context.Context, id, script string, stdin io.Reader, stdout io.Writer) (exit int, err error)
	// Logs returns the container's output from the last tail lines on.
	// runtime.ErrNotFound for a container that is gone, runtime.ErrInvalid where
	// its output is not kept.
	Logs(ctx context.Context, id string, tail int, follow bool) (io.ReadCloser, error)
	// Archive returns a tar of a path in a container of any state, in which the
	// paths start with its last name. runtime.ErrNotFound.
	Archive(ctx context.Context, id, path string) (io.ReadCloser, error)
}

// Request says what there may be to lose.
type Request struct {
	Claim    string
	ID       string    // of the container
	UID, GID int       // whose claim it is: who can read what is saved
	Time     time.Time // part of the directory's name
	// Outlives are the directories in the container that outlive it: what is
	// bound there, and the workspace if all of it was brought back.
	Outlives []string
	// Workspace is the directory of a workspace that was not, or not all,
	// brought back; "" for none. Paths are what of it to save; none: all.
	Workspace string
	Paths     []workspace.Name
	// ConfigDir is Claude's directory in the container; "" for none.
	ConfigDir string
}

// Options of a rescue.
type Options struct {
	// MaxBytes is the most that is saved, in bytes; 0: 1 GiB.
	MaxBytes int64
	// Patience is how long the worker may take to answer before it is read
	// through the engine; 0: 10 s.
	Patience time.Duration
	// Timeout of it all; 0: 10 minutes.
	Timeout time.Duration
}

const (
	logLines        = 10000
	defaultMaxBytes = 1 << 30
	defaultPatience = 10 * time.Second
	defaultTimeout  = 10 * time.Minute
)

// Rescue saves what would be lost with a worker into a directory below base,
// which is made if it is missing and which only the controller may write to. The
// directory is the claim's person's, mode 0700, its files 0600.
//
// After an error nothing is kept: the worker, which must not be removed, has all
// of it still. A worker that is gone is no error. Repeating a rescue saves again.
func Rescue(ctx context.Context, engine Engine, base string, r Request, o Options) (Report, error) {
	s, err := openStore(base, r, o)
	if err != nil {
		return Report{}, fmt.Errorf("rescue the work of claim %s: %w", r.Claim, err)
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, defaultTimeout))
	defer cancel()
	w := &work{Engine: engine, Request: r, store: s}
	if err := w.save(ctx, o); err != nil {
		return Report{}, fmt.Errorf("rescue the work of claim %s from container %s: %w", r.Claim, r.ID, err)
	}
	if err := s.commit(); err != nil {
		return Report{}, fmt.Errorf("rescue the work of claim %s: %w", r.Claim, err)
	}
	return s.report, nil
}

// work is the saving of one worker's.
type work struct {
	Engine
	Request
	store *store
}

func (w *work) save(ctx context.Context, o Options) error {
	err := w.logs(ctx)
	if errors.Is(err, runtime.ErrNotFound) {
		w.store.report.miss("the worker", "it is gone")
		return nil
	}
	if err != nil {
		return err
	}
	var from interface {
		workspace(ctx context.Context) error
		transcripts(ctx context.Context) error
		trees(ctx context.Context) error
	} = answering{w}
	if !w.answers(ctx, o) {
		from = silent{w}
	}
	if w.Workspace != "" {
		if err := from.workspace(ctx); err != nil {
			return err
		}
	}
	if w.ConfigDir != "" && !w.outlives(w.ConfigDir) {
		if err := from.transcripts(ctx); err != nil {
			return err
		}
	}
	return from.trees(ctx)
}

// answers says whether scripts can be run in the worker.
func (w *work) answers(ctx context.Context, o Options) bool {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Patience, defaultPatience))
	defer cancel()
	exit, err := w.Run(ctx, w.ID, "true", strings.NewReader(""), io.Discard)
	return err == nil && exit == 0
}

func (w *work) logs(ctx context.Context) error {
	logs, err := w.Logs(ctx, w.ID, logLines, false)
	if errors.Is(err, runtime.ErrInvalid) {
		w.store.report.miss("the worker's output", "the engine does not keep it")
		return nil
	}
	if err != nil {
		return err
	}
	defer logs.Close()
	return w.store.save("container.log", "what the worker wrote last", func(out io.Writer) error {
		_, err := io.Copy(out, logs)
		return err
	})
}

// outlives says whether a directory of the container is there after it.
func (w *work) outlives(dir string) bool {
	for _, kept := range w.Outlives {
		if kept = path.Clean(kept); dir == kept || strings.HasPrefix(dir, strings.TrimSuffix(kept, "/")+"/") {
			return true
		}
	}
	return false
}

// shown is a path of the worker in a text.
func shown(p string) string { return workspace.Name(p).String() }
