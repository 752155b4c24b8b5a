package workspace

import (
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind is what is at a path, in the letters of find.
type Kind byte

// Kinds.
const (
	KindFile Kind = 'f'
	KindDir  Kind = 'd'
	KindLink Kind = 'l'
)

// Sum is the SHA-256 of a file's content.
type Sum [sha256.Size]byte

// Name is a path below the workspace, with slashes, byte for byte as it is on
// disk. Printed, it is in quotes where it has anything that a terminal would not
// show as it is; string(n) is the path itself.
type Name string

// String is the path as it can be shown.
func (n Name) String() string {
	plain := utf8.ValidString(string(n)) && !strings.ContainsFunc(string(n), func(r rune) bool {
		return !unicode.IsPrint(r) || r == '"'
	})
	if plain {
		return string(n)
	}
	return strconv.Quote(string(n))
}

// Entry is a file, directory or link of a workspace.
type Entry struct {
	Path    Name
	Kind    Kind
	Mode    fs.FileMode // the permission bits
	Size    int64       // of a file, in bytes
	ModTime time.Time   // of a file, to the nanosecond; zero in a Manifest if it says nothing
	Sum     Sum         // of a file, where its content was read
	Target  string      // of a link
}

// Item is a path and what there is to say about it.
type Item struct {
	Path Name
	Why  string
}

// String is the item as a line.
func (i Item) String() string { return i.Path.String() + ": " + i.Why }

// Manifest is what was sent into a worker.
type Manifest struct {
	Entries []Entry // sorted by path
	Skipped []Item  // neither sent nor ignored
	Notes   []string
}

// Encode writes the manifest in a form that DecodeManifest reads.
func (m Manifest) Encode(w io.Writer) error {
	if err := gob.NewEncoder(w).Encode(m); err != nil {
		return fmt.Errorf("write the manifest of a workspace: %w", err)
	}
	return nil
}

// DecodeManifest reads what Encode wrote.
func DecodeManifest(r io.Reader) (Manifest, error) {
	var m Manifest
	if err := gob.NewDecoder(r).Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of a workspace: %w", err)
	}
	return m, nil
}

func (m Manifest) byPath() map[Name]Entry {
	entries := make(map[Name]Entry, len(m.Entries))
	for _, e := range m.Entries {
		entries[e.Path] = e
	}
	return entries
}

// local says whether a path given by a worker is one below the workspace, in the
// only form that such a path has.
func local(p string) bool {
	return p != "." && filepath.IsLocal(p) && filepath.Clean(p) == p && !strings.ContainsRune(p, 0)
}

// leadsOut says whether a link at a path may lead out of the workspace. Steps up
// are allowed at the start of a target only: after a name, which may be a link
// itself, nobody can say where they lead.
func leadsOut(p Name, target string) bool {
	target = strings.TrimSuffix(strings.TrimPrefix(target, "./"), "/")
	return target != "" && (filepath.Clean(target) != target ||
		filepath.IsAbs(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(string(p)), target)))
}
