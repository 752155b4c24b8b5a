package workspace

import (
	"path"
	"slices"
	"strings"
)

// held says whether git, outside, may run something because of what is at a
// path: hooks, configuration, and what says that these are elsewhere. A worker's
// version of it is never put in its place, always beside it.
//
// What the person runs knowingly (a Makefile, a script) is not held: to read what
// an agent wrote before running it is theirs to do.
func held(e Entry) bool {
	names := strings.Split(strings.ToLower(string(e.Path)), "/") // some file systems know no case
	git := slices.Index(names, gitDir)
	switch {
	case git < 0:
		return false
	case git == len(names)-1: // ".git" as a file or a link names another directory
		return e.Kind != KindDir
	case slices.Contains([]string{"objects", "refs", "logs"}, names[git+1]): // a branch may have any name
		return e.Kind == KindLink
	case e.Kind == KindDir:
		return false
	}
	if e.Kind == KindLink || slices.Contains(names[git+1:], "hooks") {
		return true
	}
	return slices.Contains([]string{"config", "config.worktree", "commondir", "gitdir"}, path.Base(strings.Join(names, "/")))
}
