package rescue

import (
	"fmt"
	"strings"
)

// Report is what became of a worker's work. No text in it has anything that a
// terminal would obey.
type Report struct {
	Dir     string // where it is; "" for nowhere
	Saved   []Item
	Missing []Missing
	// Nothing says that there was nothing to save, and so no directory.
	Nothing bool
}

// Item is something saved.
type Item struct {
	File  string // in Dir
	What  string
	Bytes int64
}

// Missing is something that was not saved, and may be lost.
type Missing struct{ What, Why string }

// String is the report as text, for a person.
func (r Report) String() string {
	var b strings.Builder
	if r.Nothing {
		b.WriteString("nothing to rescue\n")
	}
	for _, i := range r.Saved {
		fmt.Fprintf(&b, "%s: %s, %d bytes\n", i.File, i.What, i.Bytes)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(&b, "not rescued: %s: %s\n", m.What, m.Why)
	}
	return b.String()
}

func (r *Report) miss(what, why string) { r.Missing = append(r.Missing, Missing{what, why}) }

const howTo = `
To get it back, in a repository or a directory of yours:

    git apply FILE.diff          the changes of files
    tar -xf FILE.tar             files
    git fetch FILE.bundle 'refs/*:refs/rescued/*'
                                 commits, under refs/rescued
`
