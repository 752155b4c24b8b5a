package workspace

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"
)

// tracked returns what git has in its index although rules ignore it, with the
// directories on the way there: to leave such a file out would look, inside, as
// if it had been deleted. Where git cannot be asked, the note says so.
//
// Git reads the index only: its own configuration, which is the project's and
// not the controller's to trust, is kept from running anything.
func tracked(ctx context.Context, root *os.Root) (files map[Name]bool, note string) {
	if _, err := root.Lstat(gitDir); err != nil {
		return nil, ""
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	git := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false",
		"ls-files", "-z", "--cached", "--ignored", "--exclude-standard")
	git.Dir = root.Name()
	git.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_CONFIG_NOSYSTEM=1"}
	out, err := git.Output()
	if err != nil {
		return nil, "git could not be asked (" + firstLine(err) + "): a file that it has although it is ignored is not copied"
	}
	files = map[Name]bool{}
	for name := range bytes.SplitSeq(out, []byte{0}) {
		for p := string(name); p != "" && p != "."; p = path.Dir(p) {
			files[Name(p)] = true
		}
	}
	return files, ""
}

func firstLine(err error) string {
	text := err.Error()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		text = string(exit.Stderr)
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}
