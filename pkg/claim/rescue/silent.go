package rescue

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"hal-controller/pkg/runtime"
)

// silent is a worker that has stopped, or does not answer: it is read through the
// engine, and git is not asked.
type silent struct{ *work }

func (s silent) workspace(ctx context.Context) error {
	wanted := map[string]bool{}
	for _, p := range s.Paths {
		wanted[string(p)] = true
	}
	return s.tar(ctx, "workspace.tar", "what is in "+shown(s.Workspace)+" only", s.Workspace, func(p string) bool {
		return len(wanted) == 0 || wanted[p]
	})
}

func (s silent) transcripts(ctx context.Context) error {
	dir := path.Join(s.ConfigDir, "projects")
	return s.tar(ctx, "transcripts.tar", "Claude's transcripts", dir, func(p string) bool {
		return strings.HasSuffix(p, ".jsonl")
	})
}

// searched are the directories that git trees are looked for in: to read all of a
// container through the engine would take too long.
var searched = []string{"/home", "/root", "/srv", "/tmp", "/var/tmp", "/workspace"}

// trees saves git trees whole, as git cannot be asked what of them is new.
func (s silent) trees(ctx context.Context) error {
	found := map[string]bool{}
	for _, dir := range searched {
		if s.outlives(dir) || dir == s.Workspace {
			continue
		}
		if err := s.find(ctx, dir, found); err != nil {
			return err
		}
	}
	for i, tree := range s.store.atMost(found) {
		err := s.tar(ctx, fmt.Sprintf("tree-%02d-%s.tar", i+1, safe(tree)), "all of the git tree "+shown(tree), tree,
			func(p string) bool { return !s.outlives(path.Join(tree, p)) })
		if err != nil {
			return err
		}
	}
	s.store.report.miss("git trees elsewhere than in "+strings.Join(searched, ", "), "the worker does not answer")
	return nil
}

// find adds the git trees in a directory. Those that are in another one are part of it.
func (s silent) find(ctx context.Context, dir string, found map[string]bool) error {
	return s.read(ctx, dir, func(archive io.Reader) error {
		for entries := tar.NewReader(archive); ; {
			h, err := entries.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			p := path.Join(path.Dir(dir), path.Clean("/"+h.Name))
			if tree := path.Dir(p); path.Base(p) == ".git" && len(found) <= maxTrees && !s.outlives(tree) && !within(tree, found) {
				found[tree] = true
			}
		}
	})
}

func within(dir string, trees map[string]bool) bool {
	for ; dir != "/"; dir = path.Dir(dir) {
		if trees[dir] {
			return true
		}
	}
	return false
}

// tar saves what is wanted of a directory; paths are relative to it.
func (s silent) tar(ctx context.Context, name, what, dir string, want func(p string) bool) error {
	return s.read(ctx, dir, func(archive io.Reader) error {
		return s.store.saveTar(ctx, name, what, archive, func(p string) string {
			rel, below := strings.CutPrefix(p, path.Base(dir)+"/")
			if !below || !want(rel) {
				return ""
			}
			return rel
		})
	})
}

// read reads a directory through the engine; one that is not there has nothing.
func (s silent) read(ctx context.Context, dir string, do func(archive io.Reader) error) error {
	archive, err := s.Archive(ctx, s.ID, dir)
	if errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := do(archive); err != nil {
		return fmt.Errorf("read %s through the engine: %w", shown(dir), err)
	}
	return nil
}
