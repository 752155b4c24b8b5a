package workspace

import (
	"context"
	"fmt"
	"path"
	"slices"
)

// ChangeSet is what a worker has made of its workspace, and what of it is to be
// brought back. All of it is sorted by path, deletions the other way round: what
// is in a directory before the directory.
type ChangeSet struct {
	Make    []Entry // directories and links, added or changed
	Fetch   []Entry // files added, or with another size or time: their content decides
	Delete  []Entry // as they were sent
	Chmod   []Entry // same content, other permissions
	Refused []Item  // not to be brought back
	// Unknown are the directories of which it cannot be said.
	Unknown   []Item
	Notes     []string
	Ignored   int // paths that the rules leave inside
	Unchanged int
}

// Changes compares what a worker has with what it was given. A path that was
// given is never ignored, and one of which nothing is known is not deleted. A
// file of the size and the time that it was given with is taken for unchanged.
func Changes(ctx context.Context, base Manifest, inside Survey, rules *Rules, o Options) (ChangeSet, error) {
	c := comparison{given: base.byPath(), sieve: newSieve(rules), left: o.maxBytes(), max: o.maxBytes()}
	c.set.Refused, c.set.Unknown = slices.Clone(inside.Refused), inside.Unknown
	if rules.capped {
		c.set.Notes = []string{tooManyPatterns}
	}
	there := make(map[Name]bool, len(inside.Entries))
	for _, e := range inside.Entries {
		if ctx.Err() != nil { // rules of a hostile worker may take long
			return ChangeSet{}, context.Cause(ctx)
		}
		there[e.Path] = true
		c.entry(e)
	}
	unknown := map[Name]bool{}
	for _, u := range slices.Concat(inside.Unknown, inside.Refused) {
		unknown[u.Path] = true
	}
	for _, e := range slices.Backward(base.Entries) {
		if !there[e.Path] && !below(e.Path, unknown) {
			c.set.Delete = append(c.set.Delete, e)
		}
	}
	return c.set, nil
}

type comparison struct {
	given     map[Name]Entry
	sieve     *sieve
	left, max int64
	set       ChangeSet
}

func (c *comparison) entry(e Entry) {
	given, known := c.given[e.Path]
	hidden := c.sieve.hides(e.Path, e.Kind == KindDir) != shown
	switch {
	case !known && hidden:
		c.set.Ignored++
	case known && same(given, e) && given.Mode == e.Mode, known && e.Kind == KindLink && same(given, e):
		c.set.Unchanged++
	case known && same(given, e):
		c.set.Chmod = append(c.set.Chmod, e)
	case e.Kind == KindLink && leadsOut(e.Path, e.Target):
		c.refuse(e, "it leads out of the project, to "+Name(e.Target).String())
	case e.Kind != KindFile:
		c.set.Make = append(c.set.Make, e)
	case e.Size > c.left:
		c.refuse(e, fmt.Sprintf("it has %d bytes, and %d of %d are left", e.Size, c.left, c.max))
	default:
		c.left -= e.Size
		c.set.Fetch = append(c.set.Fetch, e)
	}
}

func (c *comparison) refuse(e Entry, why string) {
	c.set.Refused = append(c.set.Refused, Item{e.Path, why})
}

// same says whether an entry is still as it was given, but for its permissions,
// as far as can be said without content. No file on disk has the zero time.
func same(given, e Entry) bool {
	return given.Kind == e.Kind && given.Size == e.Size && given.ModTime.Equal(e.ModTime) && given.Target == e.Target
}

// below says whether a path is one of those given, or in one.
func below(p Name, dirs map[Name]bool) bool {
	for at := string(p); at != "."; at = path.Dir(at) {
		if dirs[Name(at)] {
			return true
		}
	}
	return false
}
