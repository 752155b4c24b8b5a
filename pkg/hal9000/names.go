package hal9000

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
)

// Prefix is how the names of all of HAL-9000's volumes begin.
const Prefix = "hal9000-"

// NoHash stands for the hash of a person's volume whose name has none: those of
// before HAL-9000 kept people apart.
const NoHash = "none"

// UserHash is what the names of a person's volumes end with.
func UserHash(user string) string {
	sum := sha256.Sum256([]byte(user))
	return fmt.Sprintf("%x", sum[:4])
}

var volumeName = regexp.MustCompile(`^` + Prefix + `([a-z-]+?)(?:-([0-9a-f]{8}))?$`)

// source is a volume of HAL-9000's.
type source struct {
	name string
	what string // is in it, as "claude-home"; "" where the name is not one of its own
	hash string // of whose it is, or ""
}

func sourceOf(name string) source {
	parts := volumeName.FindStringSubmatch(name)
	if parts == nil {
		return source{name: name}
	}
	return source{name, parts[1], parts[2]}
}

// sourcesOf are the volumes in the order in which they are copied: where two have
// the same file, the first one's is kept. What has a hash is newer than what has none.
func sourcesOf(names []string) []source {
	var sources []source
	for _, name := range names {
		sources = append(sources, sourceOf(name))
	}
	slices.SortFunc(sources, func(a, b source) int {
		return cmp.Or(cmp.Compare(b.hash, a.hash), cmp.Compare(a.name, b.name))
	})
	return sources
}
