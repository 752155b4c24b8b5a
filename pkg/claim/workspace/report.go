package workspace

import (
	"fmt"
	"strings"
)

// Conflict is something that changed in the worker and could not take its place.
type Conflict struct {
	Path Name
	Copy Name // where the worker's version is now
	Why  string
}

// Report is what became of a ChangeSet. Repeating Apply reports conflicts again
// and changes nothing more.
type Report struct {
	Added     []Name
	Modified  []Name // content or permissions
	Deleted   []Name
	Conflicts []Conflict
	// Kept are paths that the worker deleted, or gave other permissions, and that
	// were left as they are outside.
	Kept []Item
	// Refused are changes of the worker that are nowhere outside: without a
	// rescue they are lost with it.
	Refused   []Item
	Unknown   []Item
	Notes     []string
	Ignored   int
	Unchanged int
}

// Left are the paths of the changes that only the worker has, and that can be
// had from it. What is in the directories of Unknown is mounted there, and so
// outlives the worker, or the worker cannot read it itself.
func (r Report) Left() []Name {
	left := make([]Name, 0, len(r.Refused))
	for _, item := range r.Refused {
		left = append(left, item.Path)
	}
	return left
}

// String is a line of counts, and one for each path that somebody has to look at.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d added, %d modified, %d deleted, %d unchanged, %d ignored\n",
		len(r.Added), len(r.Modified), len(r.Deleted), r.Unchanged, r.Ignored)
	for _, c := range r.Conflicts {
		fmt.Fprintf(&b, "conflict: %s: %s: the worker's version is %s\n", c.Path, c.Why, c.Copy)
	}
	for _, list := range []struct {
		word  string
		items []Item
	}{{"kept", r.Kept}, {"not brought back", r.Refused}, {"not known", r.Unknown}} {
		for _, item := range list.items {
			fmt.Fprintf(&b, "%s: %s\n", list.word, item)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	return b.String()
}
