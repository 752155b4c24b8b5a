package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hal-controller/pkg/api"
	"hal-controller/pkg/clone"
	"hal-controller/pkg/project"
	"hal-controller/pkg/spec"
)

// started is a claim that Claude can begin in.
type started struct {
	claim   api.Claim
	workDir string
	args    []string
	branch  *clone.Clone // that it works in; nil: in the project itself
}

// session is Claude's command.
func (s started) session() api.SessionRequest {
	return api.SessionRequest{Command: append([]string{"claude"}, s.args...), WorkDir: s.workDir}
}

// start finds the pool for a project, clones the branch that is wanted, and claims a
// worker. On an error nothing of it is left.
func (a *app) start(ctx context.Context, dir string, args []string, o claudeOptions) (started, error) {
	s := started{args: args}
	dir, err := directory(dir)
	if err != nil {
		return s, err
	}
	if o.pool != "" {
		if o.pool, err = poolArgument(o.pool); err != nil {
			return s, err
		}
	}
	request, err := o.request(o.pool)
	if err != nil {
		return s, err
	}
	choice, err := a.choosePool(ctx, dir, o.pool)
	if err != nil {
		return s, err
	}
	request.Pool, request.Project, s.workDir = choice.Pool.Metadata.Name, dir, workspaceOf(choice.Pool)
	if o.branch == "" {
		a.warnOfWorktree(dir)
	} else {
		made, err := clone.Make(ctx, dir, o.branch)
		if err != nil {
			return s, err
		}
		s.branch, request.Project = &made, made.Dir
	}
	if s.claim, err = a.claimFor(ctx, request, o.name); err != nil && s.branch != nil {
		err = errors.Join(err, s.branch.Discard())
	}
	return s, err
}

// claimFor claims a worker by the name that is said, or one made of the project's.
func (a *app) claimFor(ctx context.Context, request api.ClaimRequest, name string) (api.Claim, error) {
	if name == "" {
		return a.claimNumbered(ctx, request, project.Name(request.Project))
	}
	request.Fresh = true
	return a.claim(ctx, request)
}

// directory is an absolute path of one that is there.
func directory(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", usagef("project: %w", err)
	}
	if !info.IsDir() {
		return "", usagef("project %s: it is no directory", path)
	}
	return path, nil
}

// choosePool finds the pool for a project, and tells which it is and why.
func (a *app) choosePool(ctx context.Context, dir, pool string) (project.Choice, error) {
	wish := project.Wish{Pool: pool}
	if pool == "" {
		var err error
		if wish.Said, err = project.ReadSettings(dir); err != nil {
			return project.Choice{}, err
		}
		if wish.Signs, err = project.Evidence(os.DirFS(dir)); err != nil {
			return project.Choice{}, fmt.Errorf("look for build files in %s: %w", dir, err)
		}
	}
	pools, err := a.client().Pools(ctx)
	if err != nil {
		return project.Choice{}, err
	}
	choice, err := project.Choose(pools, wish)
	if err == nil {
		fmt.Fprintf(a.errOut, "%s: pool %s, %s\n", dir, choice.Pool.Metadata.Name, choice.Why)
	}
	return choice, err
}

// warnOfWorktree tells that git does not work in a worker whose project's repository is
// elsewhere.
func (a *app) warnOfWorktree(dir string) {
	info, err := os.Lstat(filepath.Join(dir, ".git"))
	if err == nil && info.Mode().IsRegular() {
		fmt.Fprintf(a.errOut, "%s is a worktree, whose repository is not in the worker: git does not work there; --branch makes a clone, where it does\n", dir)
	}
}

// workspaceOf is where a project appears in a pool's workers; empty, their own working
// directory, where none does.
func workspaceOf(p spec.Pool) string {
	workspace := p.Spec.Workers.Template.Workspace
	if workspace.Mode == spec.WorkspaceNone {
		return ""
	}
	return workspace.Target
}

// fetch brings what was committed in a clone into its repository.
func (a *app) fetch(ctx context.Context, s started) error {
	if s.branch == nil {
		return nil
	}
	commits, err := s.branch.Fetch(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.errOut, "branch %s: %s fetched into %s; its files are in %s\n", s.branch.Branch, counted(commits, "commit"), s.branch.Top, s.branch.Dir)
	return nil
}
