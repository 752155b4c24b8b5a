package hal9000

import (
	"context"
	_ "embed" // the script
	"errors"
	"fmt"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
)

// Outcome is what came of a copy.
type Outcome string

// Outcomes.
const (
	Copied  Outcome = "copied"
	HasData Outcome = "has data already"
	Empty   Outcome = "nothing to copy"
)

// Codes that the script ends with.
const (
	exitHasData = 10
	exitEmpty   = 11
)

//go:embed copy.sh
var copyScript string

// removalPatience bounds the removal of a container when the caller's own time
// may be over.
const removalPatience = 30 * time.Second

// Job is one copy.
type Job struct {
	// From are volumes of the engine; they must be there, or the engine makes them.
	From []string
	// To is a volume or a directory of the engine's host; its Target does not matter.
	To runtime.Mount
	// UID and GID of everything that is copied.
	UID, GID uint32
}

// Copier copies volumes in containers of an instance that is its own: no
// controller may take them for workers.
type Copier struct {
	Containers runtime.Containers
	// Image with GNU's cp, find and mv.
	Image string
}

// Copy copies volumes into an empty one, and leaves one that has anything in it as
// it is. An interrupted copy can be repeated, and the target does not look full
// until it is. ErrImageMissing.
func (c Copier) Copy(ctx context.Context, j Job) (Outcome, error) {
	if err := c.clear(ctx); err != nil {
		return "", err
	}
	id, err := c.Containers.Create(ctx, c.container(j))
	if errors.Is(err, runtime.ErrImageMissing) {
		return "", fmt.Errorf("copy with image %s: %w: `make images` makes it", c.Image, err)
	}
	if err != nil {
		return "", fmt.Errorf("create a container to copy in: %w", err)
	}
	defer c.remove(ctx, id)
	if err := c.Containers.Start(ctx, id); err != nil {
		return "", fmt.Errorf("start a container to copy in: %w", err)
	}
	owner := fmt.Sprintf("%d:%d", j.UID, j.GID)
	result, err := c.Containers.Exec(ctx, id, []string{"sh", "-c", copyScript, "sh", owner})
	if err != nil {
		return "", err
	}
	switch result.ExitCode {
	case 0:
		return Copied, nil
	case exitHasData:
		return HasData, nil
	case exitEmpty:
		return Empty, nil
	default:
		return "", fmt.Errorf("the copy ended with code %d: %s", result.ExitCode, strings.TrimSpace(result.Output))
	}
}

// clear removes the container of a copy that was killed.
func (c Copier) clear(ctx context.Context) error {
	left, err := c.Containers.List(ctx, "")
	if err != nil {
		return fmt.Errorf("look for what an earlier import left: %w", err)
	}
	for _, container := range left {
		if err := c.Containers.Remove(ctx, container.ID); err != nil {
			return fmt.Errorf("remove %s, which an earlier import left: %w", container.Name, err)
		}
	}
	return nil
}

func (c Copier) remove(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalPatience)
	defer cancel()
	_ = c.Containers.Remove(ctx, id) // the next copy tries again
}

// container is root's, for files belong to anyone; of root's rights it has those
// on files alone.
func (c Copier) container(j Job) runtime.ContainerSpec {
	j.To.Target = "/to"
	mounts := []runtime.Mount{j.To}
	for i, volume := range j.From {
		mounts = append(mounts, runtime.Mount{
			Type: runtime.MountVolume, Source: volume, Target: fmt.Sprintf("/from/%02d", i), ReadOnly: true,
		})
	}
	return runtime.ContainerSpec{
		Name:    "hal-import",
		Owner:   runtime.Owner{Role: runtime.RoleService, Service: "import"},
		Image:   c.Image,
		Command: []string{"sleep", "infinity"},
		User:    "0:0",
		Mounts:  mounts,
		Limits:  runtime.Limits{Memory: 512 << 20, Pids: 32},
		Security: runtime.Security{
			ReadOnlyRootFilesystem: true, NoNewPrivileges: true,
			CapDrop: []string{"ALL"}, CapAdd: []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"},
		},
	}
}
