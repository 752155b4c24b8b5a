package clone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Clone is a directory with a branch of a repository.
type Clone struct {
	// Dir is the clone, beside the repository's Top directory.
	Dir, Top string
	Branch   string
	// Made says that Make has made it, and nobody has worked in it yet.
	Made bool
}

// notInDir is what a branch's name may have and that of a directory should not.
var notInDir = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// Make clones the repository that project is in to NAME-BRANCH beside it. A branch that
// there is not is made, of what is checked out; one that only the origin has is taken
// from there. A clone of that branch that is there already is used as it is. The
// branch must not be checked out in the repository: Fetch could not bring it back.
func Make(ctx context.Context, project, branch string) (Clone, error) {
	top, err := git(ctx, project, "rev-parse", "--show-toplevel")
	if err != nil {
		return Clone{}, fmt.Errorf("clone branch %q of %s: %w", branch, project, err)
	}
	c := Clone{Top: top, Branch: branch, Dir: top + "-" + strings.Trim(notInDir.ReplaceAllString(branch, "-"), "-")}
	if err := c.make(ctx); err != nil {
		return Clone{}, fmt.Errorf("clone branch %q of %s: %w", branch, top, err)
	}
	return c, nil
}

func (c *Clone) make(ctx context.Context) error {
	if _, err := git(ctx, c.Top, "check-ref-format", "--branch", c.Branch); err != nil {
		return errors.New("that is no name of a branch")
	}
	if err := c.free(ctx); err != nil {
		return err
	}
	_, err := os.Lstat(c.Dir)
	if err == nil {
		return c.same(ctx)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := c.copy(ctx); err != nil {
		return errors.Join(err, os.RemoveAll(c.Dir))
	}
	c.Made = true
	return nil
}

// free refuses a branch that is checked out in the repository or a worktree of it.
func (c *Clone) free(ctx context.Context) error {
	trees, err := git(ctx, c.Top, "worktree", "list", "--porcelain")
	if err != nil {
		return err
	}
	dir := ""
	for line := range strings.Lines(trees) {
		line = strings.TrimSuffix(line, "\n")
		if path, found := strings.CutPrefix(line, "worktree "); found {
			dir = path
		}
		if line == "branch "+c.ref() {
			return fmt.Errorf("it is checked out in %s: work there, without --branch, or choose another", dir)
		}
	}
	return nil
}

// same makes sure that what is there is a clone of this branch.
func (c *Clone) same(ctx context.Context) error {
	head, err := os.ReadFile(filepath.Join(c.Dir, ".git", "HEAD"))
	if err != nil || strings.TrimSpace(string(head)) != "ref: "+c.ref() {
		return fmt.Errorf("%s is there already, and has not that branch checked out: move it away, or choose another branch", c.Dir)
	}
	// A file to read, and no repository to run git in.
	origin, err := git(ctx, "/", "config", "--file", filepath.Join(c.Dir, ".git", "config"), "--get", "remote.origin.url")
	if err != nil || origin != c.Top {
		return fmt.Errorf("%s is there already, and is no clone of this repository: move it away, or choose another branch", c.Dir)
	}
	return nil
}

// copy makes the clone, with the author's name: what their own configuration says of it
// is not in the worker.
func (c *Clone) copy(ctx context.Context) error {
	args := []string{"clone", "--quiet", "--no-hardlinks"}
	for _, key := range []string{"user.name", "user.email"} {
		if value, err := git(ctx, c.Top, "config", "--get", key); err == nil {
			args = append(args, "--config", key+"="+value)
		}
	}
	if !c.exists(ctx, c.ref()) && c.exists(ctx, "refs/remotes/origin/"+c.Branch) {
		if _, err := git(ctx, c.Top, "branch", "--quiet", "--track", c.Branch, "origin/"+c.Branch); err != nil {
			return err
		}
	}
	if c.exists(ctx, c.ref()) {
		_, err := git(ctx, c.Top, append(args, "--branch", c.Branch, "--", c.Top, c.Dir)...)
		return err
	}
	if _, err := git(ctx, c.Top, append(args, "--", c.Top, c.Dir)...); err != nil {
		return err
	}
	_, err := git(ctx, c.Dir, "switch", "--quiet", "--create", c.Branch)
	return err
}

func (c *Clone) exists(ctx context.Context, ref string) bool {
	_, err := git(ctx, c.Top, "show-ref", "--verify", "--quiet", ref)
	return err == nil
}

func (c *Clone) ref() string { return "refs/heads/" + c.Branch }

// Discard removes a clone that Make has made and that nobody has worked in. Any other
// is left alone.
func (c Clone) Discard() error {
	if !c.Made {
		return nil
	}
	return os.RemoveAll(c.Dir)
}
