package sbom

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of what is kept of an image.
const (
	maxKept      = 64 << 20 // bytes of all packages together
	maxLocations = 100      // of one package
	maxSkipped   = 100
	maxPath      = 4096      // bytes, as on Linux
	maxField     = 512       // bytes of a name, a version or a license
	maxManifest  = 1 << 20   // bytes of a package.json
	maxProgram   = 128 << 20 // bytes of a program to look for Go modules in
)

// Inventory is what was found in an image.
type Inventory struct {
	// Packages by type, name and version, each once.
	Packages []Package
	// Skipped are files that were not looked into, with the reason, at most 100.
	Skipped []string
}

// Type of a package, as package URLs have it.
type Type string

// Types.
const (
	Deb    Type = "deb"
	NPM    Type = "npm"
	Golang Type = "golang"
)

// Package is one package, wherever it was found.
type Package struct {
	Type      Type
	Namespace string // "debian", "@scope" or the path of a Go module but for its last element
	Name      string
	Version   string // empty where the package does not say
	Arch      string // of a Deb
	License   string // as the package has it
	// Locations are the files that it was found in, sorted, at most 100.
	Locations []string
}

// Scan reads a tar of a file system. The error is of the tar, of a dpkg status
// that cannot be read, or of more to tell than any image has.
func Scan(files io.Reader) (Inventory, error) {
	s := scanner{found: map[string]*Package{}}
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return s.inventory(), nil
		}
		if err != nil {
			return Inventory{}, fmt.Errorf("read the image's files: %w", err)
		}
		if header.Typeflag != tar.TypeReg || len(header.Name) > maxPath {
			continue
		}
		name := strings.TrimPrefix(path.Clean(header.Name), "/")
		if !filepath.IsLocal(name) {
			continue
		}
		if err := s.file(name, header.Size, archive); err != nil {
			return Inventory{}, fmt.Errorf("%s: %w", name, err)
		}
	}
}

// scanner gathers packages.
type scanner struct {
	found   map[string]*Package // by package URL
	skipped []string
	kept    int // bytes
}

// overhead is about what a package takes beside its texts, in bytes.
const overhead = 512

// file looks into one file, if it is of a kind that tells of packages.
func (s *scanner) file(name string, size int64, content io.Reader) error {
	switch {
	case name == "var/lib/dpkg/status":
		return s.dpkg(name, content)
	case isManifest(name):
		if size > maxManifest {
			s.skip(name, size)
			return nil
		}
		return s.manifest(name, content)
	case path.Dir(name) == "usr/local/bin":
		return s.program(name, size, content)
	default:
		return nil
	}
}

func (s *scanner) skip(name string, size int64) {
	if len(s.skipped) < maxSkipped {
		s.skipped = append(s.skipped, fmt.Sprintf("%s: not looked into, with its %d MB", name, size/1e6))
	}
}

// add notes a package that was found in a file. One without a name, or with more
// of one than any has, is none.
func (s *scanner) add(location string, p Package) error {
	if p.Name == "" || max(len(p.Namespace), len(p.Name), len(p.Version), len(p.Arch)) > maxField {
		return nil
	}
	if len(p.License) > maxField {
		p.License = ""
	}
	key := p.URL()
	known := s.found[key]
	if known == nil {
		known = &p
		s.found[key] = known
		s.kept += overhead + 2*len(key)
	}
	if len(known.Locations) < maxLocations && !slices.Contains(known.Locations, location) {
		known.Locations = append(known.Locations, location)
		s.kept += len(location)
	}
	if s.kept > maxKept {
		return fmt.Errorf("it tells of more packages than any image has, %d up to here", len(s.found))
	}
	return nil
}

func (s *scanner) inventory() Inventory {
	inventory := Inventory{Skipped: s.skipped}
	for _, p := range s.found {
		slices.Sort(p.Locations)
		inventory.Packages = append(inventory.Packages, *p)
	}
	slices.SortFunc(inventory.Packages, func(a, b Package) int { return strings.Compare(a.URL(), b.URL()) })
	return inventory
}
