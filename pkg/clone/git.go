package clone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// patience is how long git may take to end when it is told to.
const patience = 5 * time.Second

// git runs it in a directory, and returns what it says. It asks nobody for a password,
// and is about no other repository than the directory's.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	// It removes what is half made when it is interrupted.
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = patience
	c.Env = append(slices.DeleteFunc(os.Environ(), aboutARepository), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return strings.TrimSuffix(out.String(), "\n"), nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("there is no git on this machine: install it")
	case errors.As(err, &exit) && complaint.Len() > 0:
		return "", fmt.Errorf("git: %s", strings.Join(strings.Fields(complaint.String()), " "))
	default:
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
}

// aboutARepository says whether a variable would have git look elsewhere, as those of a
// hook do.
func aboutARepository(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX",
	}, name)
}
