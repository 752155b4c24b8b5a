package profile

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// worker is the image that profiles build on, and what their own begin with.
const (
	worker = "hal/worker"
	prefix = worker + "-"
)

// reserved are the names of images that are no profiles.
var reserved = []string{"minimal", "ultramin"}

// Profile is a directory to make an image of.
type Profile struct {
	// Name is that of the directory. CheckName says whether it can be used.
	Name string
	// Parent is the directory that its directory is in.
	Parent string
	// Replaces is where a profile of the same name is that this one is used in
	// place of; empty for none.
	Replaces string
}

// Image is the name of the image that is made of the profile: hal/worker-NAME.
func (p Profile) Image() string { return prefix + p.Name }

// Dir is its directory.
func (p Profile) Dir() string { return filepath.Join(p.Parent, p.Name) }

// dockerfile is the path of its Dockerfile, for messages.
func (p Profile) dockerfile() string { return filepath.Join(p.Dir(), dockerfileName) }

// namePattern is a DNS label, of at most maxName characters.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

const maxName = 63

// CheckName says why a name cannot be a profile's.
func CheckName(name string) error {
	switch {
	case len(name) > maxName || !namePattern.MatchString(name):
		return fmt.Errorf("profile %q: a name has small letters, digits and dashes, at most %d; rename its directory", name, maxName)
	case slices.Contains(reserved, name):
		return fmt.Errorf("profile %q: %s%s is an image of hal's own; rename its directory", name, prefix, name)
	default:
		return nil
	}
}

// Find returns the profiles in some directories, by name: those of their
// directories that have a Dockerfile. A later directory's profile is used in
// place of an earlier one's of the same name. The error is of a directory that
// cannot be read.
func Find(dirs []string) ([]Profile, error) {
	found := map[string]Profile{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("look for profiles: %w", err)
		}
		for _, entry := range entries {
			p := Profile{Name: entry.Name(), Parent: dir}
			if strings.HasPrefix(p.Name, ".") || !exists(p.dockerfile()) {
				continue
			}
			if earlier, known := found[p.Name]; known && earlier.Parent != dir {
				p.Replaces = earlier.Dir()
			}
			found[p.Name] = p
		}
	}
	return sorted(found), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func sorted(profiles map[string]Profile) []Profile {
	var list []Profile
	for _, p := range profiles {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Profile) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// open reads what a profile says. The caller closes it.
func open(p Profile) (*source, error) {
	if err := CheckName(p.Name); err != nil {
		return nil, err
	}
	parent, err := os.OpenRoot(p.Parent)
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w", p.Name, err)
	}
	defer parent.Close()
	root, err := parent.OpenRoot(p.Name) // a link out of the parent is an error
	if err != nil {
		return nil, fmt.Errorf("profile %q: open its directory in %s: %w", p.Name, p.Parent, reason(err))
	}
	c := &source{root: root, dir: p.Dir()}
	if err := c.read(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}
