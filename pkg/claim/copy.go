package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"hal-controller/pkg/claim/workspace"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// Copies are the workspaces that are copied because they cannot be bound.
type Copies struct {
	// Shell runs scripts in workers, as their user.
	Shell workspace.Shell
	// Dir keeps what each had been when it was copied.
	Dir string
}

// mode is how a project gets into a worker of a pool: bound where it can be, unless
// the pool says how.
func (c *Claims) mode(r Record, declared spec.WorkspaceMode) (spec.WorkspaceMode, error) {
	bindable := c.Binder != nil && slices.Contains(r.Inside.Slots, reconcile.WorkspaceSlot)
	switch {
	case r.Project == "" || declared == spec.WorkspaceNone:
		if r.Project != "" {
			return "", refuse("the workers of pool %q take no project: its workspace.mode is none", r.Pool)
		}
		return spec.WorkspaceNone, nil
	case declared != spec.WorkspaceCopy && bindable:
		return spec.WorkspaceBind, nil
	case declared == spec.WorkspaceBind && c.Binder == nil:
		return "", refuse("%s cannot be bound into a worker: %v", r.Project, c.Unbindable)
	case declared == spec.WorkspaceBind:
		return "", refuse("the workers of pool %q have no place for a project: they were made when nothing could be bound", r.Pool)
	default:
		return spec.WorkspaceCopy, c.mayCopy(r)
	}
}

// mayCopy refuses to read and write for a person what only the controller's own user
// can: unlike a bind, a copy is made with the controller's rights.
func (c *Claims) mayCopy(r Record) error {
	if int(r.Caller.UID) == os.Geteuid() {
		return nil
	}
	return refuse("%s cannot be copied for you: copies are made with the rights of the controller, which runs as another user", r.Project)
}

func (c *Claims) worker(r Record) workspace.Worker {
	return workspace.Worker{Shell: c.Copies.Shell, ID: r.Worker, Target: r.Workspace}
}

func (r Record) copyOptions() workspace.Options {
	return workspace.Options{Claim: r.Name, UID: int(r.Inside.UID), GID: int(r.Inside.GID)}
}

// copyIn sends the project into the worker, and keeps what was sent.
func (c *Claims) copyIn(ctx context.Context, r Record, project directory) error {
	if r.Inside.Unknown != "" {
		return errors.New(r.Inside.Unknown)
	}
	// By the open directory: what was checked is what is copied.
	root, err := os.OpenRoot(fmt.Sprintf("/proc/self/fd/%d", project.file.Fd()))
	if err != nil {
		return fmt.Errorf("copy %s: %w", r.Project, err)
	}
	defer root.Close()
	manifest, err := workspace.CopyIn(ctx, c.worker(r), root, r.copyOptions())
	if err != nil {
		return fmt.Errorf("copy %s: %w", r.Project, err)
	}
	if err := os.MkdirAll(c.Copies.Dir, 0o700); err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(c.Copies.path(r.Name), renameio.WithTempDir(c.Copies.Dir), renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = file.Cleanup() }()
	if err := manifest.Encode(file); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// CopyOut brings what changed in a copied workspace back to the project. It may be
// repeated.
func (c *Claims) CopyOut(ctx context.Context, r Record) (workspace.Report, error) {
	file, err := os.Open(c.Copies.path(r.Name))
	if err != nil {
		return workspace.Report{}, err
	}
	defer file.Close()
	manifest, err := workspace.DecodeManifest(file)
	if err != nil {
		return workspace.Report{}, err
	}
	root, err := os.OpenRoot(r.Project)
	if err != nil {
		return workspace.Report{}, err
	}
	defer root.Close()
	return workspace.CopyOut(ctx, c.worker(r), root, manifest, r.copyOptions())
}

func (c Copies) path(claim string) string { return filepath.Join(c.Dir, claim) }

// forget drops what was kept of a copy.
func (c Copies) forget(claim string) error {
	if err := os.Remove(c.path(claim)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
