package rescue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// answering is a worker that scripts can be run in.
type answering struct{ *work }

func (a answering) workspace(ctx context.Context) error {
	script, paths := packTree(a.Workspace), ""
	if len(a.Paths) > 0 {
		script = packPaths(a.Workspace)
		for _, p := range a.Paths {
			paths += string(p) + "\x00"
		}
	}
	return a.tar(ctx, "workspace.tar", "what is in "+shown(a.Workspace)+" only", script, strings.NewReader(paths))
}

func (a answering) transcripts(ctx context.Context) error {
	return a.tar(ctx, "transcripts.tar", "Claude's transcripts", packTranscripts(a.ConfigDir), strings.NewReader(""))
}

// maxTrees is how many git trees are saved.
const maxTrees = 100

func (a answering) trees(ctx context.Context) error {
	trees, err := a.find(ctx)
	if err != nil {
		return err
	}
	if len(trees) == 0 {
		return nil
	}
	exit, err := a.Run(ctx, a.ID, "command -v git", strings.NewReader(""), io.Discard)
	if err != nil {
		return err
	}
	if exit != 0 {
		for _, tree := range trees {
			a.store.report.miss("the git tree "+shown(tree), "the worker has no git")
		}
		return nil
	}
	for i, tree := range trees {
		if err := a.tree(ctx, fmt.Sprintf("tree-%02d-%s", i+1, safe(tree)), tree); err != nil {
			return err
		}
	}
	return nil
}

// tree saves the work in a git tree. Where git cannot say what that is, all of it.
func (a answering) tree(ctx context.Context, name, tree string) error {
	save := func(suffix, what, script string) error {
		return a.store.save(name+suffix, what+" "+shown(tree), func(w io.Writer) error {
			return a.run(ctx, script, strings.NewReader(""), w)
		})
	}
	err := save(".diff", "the uncommitted changes of", gitDiff(tree))
	if err == nil {
		err = save(".stashes.diff", "the stashes of", gitStashes(tree))
	}
	if err == nil {
		err = save(".bundle", "the unpushed commits of", gitBundle(tree))
	}
	if err == nil {
		return a.tar(ctx, name+".untracked.tar", "the untracked files of "+shown(tree), packUntracked(tree), strings.NewReader(""))
	}
	if errors.As(err, new(exitError)) {
		return a.tar(ctx, name+".tar", "all of "+shown(tree)+", about which git cannot be asked", packTree(tree), strings.NewReader(""))
	}
	return err
}

// find finds the git trees that do not outlive the worker.
func (a answering) find(ctx context.Context) ([]string, error) {
	found := map[string]bool{}
	err := a.pipe(ctx, searchTrees, strings.NewReader(""), func(out io.Reader) error {
		paths := bufio.NewReaderSize(out, 64<<10)
		for {
			data, err := paths.ReadSlice(0)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			tree := path.Dir(string(data[:len(data)-1]))
			if len(found) <= maxTrees && path.IsAbs(tree) && !a.outlives(tree) {
				found[tree] = true
			}
		}
	})
	if errors.As(err, new(exitError)) {
		a.store.report.miss("git trees", "the worker has no find to look for them with")
		return nil, nil
	}
	return a.store.atMost(found), err
}

// atMost is at most maxTrees of the trees that were found, in order.
func (s *store) atMost(found map[string]bool) []string {
	trees := make([]string, 0, len(found))
	for tree := range found {
		trees = append(trees, tree)
	}
	slices.Sort(trees)
	if len(trees) > maxTrees {
		s.report.miss("more git trees", fmt.Sprintf("there are more than %d", maxTrees))
		trees = trees[:maxTrees]
	}
	return trees
}

func (a answering) tar(ctx context.Context, name, what, script string, stdin io.Reader) error {
	return a.pipe(ctx, script, stdin, func(archive io.Reader) error {
		return a.store.saveTar(ctx, name, what, archive, func(p string) string { return p })
	})
}

// maxPadding is more than any tar has after its end, in bytes.
const maxPadding = 1 << 20

// pipe gives the output of a script to a reader of it.
func (a answering) pipe(ctx context.Context, script string, stdin io.Reader, do func(io.Reader) error) error {
	out, stdout := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := a.run(ctx, script, stdin, stdout)
		stdout.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := do(out)
		if err == nil {
			_, _ = io.CopyN(io.Discard, out, maxPadding)
		}
		out.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		return err
	})
	return group.Wait()
}

// exitError is the exit code of a script that did not do what it was for.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func (a answering) run(ctx context.Context, script string, stdin io.Reader, stdout io.Writer) error {
	exit, err := a.Run(ctx, a.ID, script, stdin, stdout)
	if err == nil && exit != 0 {
		return exitError(exit)
	}
	return err
}
