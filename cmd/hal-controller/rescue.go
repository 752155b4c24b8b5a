package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/rescue"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

// claudeDir is Claude Code's own directory in the images that come with this.
const claudeDir = "/home/claude/.claude"

// rescue saves what would be lost with the worker of a claim.
func (op *operator) rescue(ctx context.Context, r claim.Record) (dir string, err error) {
	base := filepath.Join(op.state, "rescued")
	if err := op.passable(base); err != nil {
		return "", err
	}
	request := rescue.Request{
		Claim: r.Name, ID: r.Worker, UID: int(r.Caller.UID), GID: int(r.Caller.GID), Time: time.Now(),
		Outlives: r.Outlives(), ConfigDir: claudeDir,
	}
	if r.Mode == spec.WorkspaceCopy {
		request = op.copyOut(ctx, r, request)
	}
	report, err := rescue.Rescue(ctx, rescueEngine{op.engine}, base, request, rescue.Options{})
	return report.Dir, err
}

// copyOut brings a copied workspace back. What cannot be brought back is rescued.
func (op *operator) copyOut(ctx context.Context, r claim.Record, request rescue.Request) rescue.Request {
	report, err := op.claims.CopyOut(ctx, r)
	if err != nil {
		op.claimEvent(r.Pool, reconcile.EventWarning, "CopyFailed", r.Name, err.Error())
		request.Workspace = r.Workspace
		return request
	}
	op.claimEvent(r.Pool, reconcile.EventNormal, "CopiedBack", r.Name, report.String())
	if request.Paths = report.Left(); len(request.Paths) > 0 {
		request.Workspace = r.Workspace
		return request
	}
	request.Outlives = append(request.Outlives, r.Workspace)
	return request
}

// passable makes a directory of the state directory one that everybody can get
// through, without seeing what is in it: what was rescued is for its person.
func (op *operator) passable(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	instance := op.state
	for _, dir := range []string{dir, instance, filepath.Dir(instance), filepath.Dir(filepath.Dir(instance))} {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if err := os.Chmod(dir, info.Mode().Perm()|0o111); err != nil {
			return err
		}
	}
	return nil
}

// rescueEngine is an engine as a rescue sees it.
type rescueEngine struct{ *docker.Engine }

// Run runs a script in a worker, as its user.
func (e rescueEngine) Run(ctx context.Context, id, script string, stdin io.Reader, stdout io.Writer) (exit int, err error) {
	exit, _, err = runtime.Run(ctx, e.Engine, id, runtime.SessionSpec{Command: []string{"sh", "-c", script}}, stdin, stdout)
	return exit, err
}
