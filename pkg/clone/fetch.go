package clone

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// careful are settings under which git takes from a repository of others: no hook of
// ours is run by what they send, and what they send is well-formed.
var careful = []string{"-c", "core.hooksPath=/dev/null", "-c", "fetch.fsckObjects=true"}

// Fetch has the repository take what is committed on the branch, and says how many
// commits it had not. It overwrites nothing: where the repository's branch has commits
// of its own, that is an error with the way out. It may be repeated.
func (c Clone) Fetch(ctx context.Context) (commits int, err error) {
	before, _ := git(ctx, c.Top, "rev-parse", "--verify", "--quiet", c.ref()) // or none
	if _, err := git(ctx, c.Top, slices.Concat(careful, c.fetch())...); err != nil {
		return 0, fmt.Errorf("fetch branch %q of %s into %s: %w; it is all still there", c.Branch, c.Dir, c.Top, err)
	}
	since := []string{"rev-list", "--count", c.ref(), "--not", "--remotes", "--exclude=" + c.Branch, "--branches"}
	if before != "" {
		since = []string{"rev-list", "--count", c.ref(), "--not", before}
	}
	count, err := git(ctx, c.Top, since...)
	if err != nil {
		return 0, fmt.Errorf("count the commits of branch %q in %s: %w", c.Branch, c.Top, err)
	}
	_, err = fmt.Sscan(count, &commits)
	return commits, err
}

// FetchCommand is what a person types to have the same.
func (c Clone) FetchCommand() string {
	return fmt.Sprintf("git -C %s fetch %s %s:%s", quoted(c.Top), quoted(c.Dir), quoted(c.Branch), quoted(c.Branch))
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (c Clone) fetch() []string {
	return []string{"fetch", "--no-tags", "--no-recurse-submodules", c.Dir, c.ref() + ":" + c.ref()}
}
