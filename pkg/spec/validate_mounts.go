package spec

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// mounts checks what is mounted from volumes. targets are the paths in the
// container that are taken, and where they are.
func (c *checker) mounts(at string, mounts []VolumeMount, declared []Volume, targets map[string]string) {
	names := make([]string, len(declared))
	for i, v := range declared {
		names[i] = v.Name
	}
	slices.Sort(names)
	for i, m := range mounts {
		item := itemPath(at, i)
		c.word(item+".scope", m.Scope, string(m.Scope))
		if c.dnsLabel(item+".name", m.Name, maxDNSLabel) && m.Scope == ScopePool {
			c.declared(item+".name", m.Name, names)
		}
		c.target(item+".target", m.Target, targets)
	}
}

// declared checks that name is among the sorted names of the declared volumes.
func (c *checker) declared(at, name string, names []string) {
	if _, found := slices.BinarySearch(names, name); found {
		return
	}
	if len(names) > 0 && names[0] == "" {
		return // a declaration that lost its name may be the one that is meant
	}
	hint := c.hint(name, names)
	if hint == "" {
		hint = ": declare it there"
	}
	c.add(at, "the volume %q is not in spec.volumes%s", name, hint)
}

// target checks a path in a container and takes it.
func (c *checker) target(at, target string, targets map[string]string) {
	switch {
	case !c.absolute(at, target):
	case target == "/":
		c.add(at, "must not be the whole root filesystem")
	default:
		c.unique(targets, at, "path", target)
	}
}

// absolute checks a path that must mean the same to everybody.
func (c *checker) absolute(at, p string) bool {
	switch {
	case p == "":
		c.add(at, "must not be empty")
	case !strings.HasPrefix(p, "/"):
		c.add(at, "%.80q: it must be an absolute path", p)
	case path.Clean(p) != p:
		c.add(at, "%.80q: write it as %.80q", p, path.Clean(p))
	default:
		return true
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
