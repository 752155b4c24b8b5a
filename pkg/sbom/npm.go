package sbom

import (
	"encoding/json"
	"io"
	"path"
	"strings"
)

const manifestName = "package.json"

// isManifest says whether a file is the manifest of an installed package: that of
// a directory in a node_modules, scoped or not, or of one in /opt. Others within a
// package are about something else.
func isManifest(name string) bool {
	dir, file := path.Split(name)
	if file != manifestName {
		return false
	}
	parent := path.Dir(path.Clean(dir))
	if strings.HasPrefix(path.Base(parent), "@") {
		parent = path.Dir(parent)
	}
	return path.Base(parent) == "node_modules" || parent == "opt"
}

// manifest reads a package.json. What is none, or says no name and version, is
// not a package that npm would have installed.
func (s *scanner) manifest(name string, content io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(content, maxManifest))
	if err != nil {
		return err
	}
	var m struct {
		Name, Version string
		License       json.RawMessage
	}
	_ = json.Unmarshal(text, &m) // what is no JSON has no version, either
	if m.Version == "" {
		return nil
	}
	p := Package{Type: NPM, Name: m.Name, Version: m.Version, License: licenseOf(m.License)}
	if scope, rest, scoped := strings.Cut(m.Name, "/"); scoped {
		p.Namespace, p.Name = scope, rest
	}
	return s.add(name, p)
}

// licenseOf is the license in its form of today, a text, or the one before, an
// object.
func licenseOf(field json.RawMessage) string {
	var text string
	if json.Unmarshal(field, &text) == nil {
		return text
	}
	var object struct{ Type string }
	_ = json.Unmarshal(field, &object) // any other form says nothing
	return object.Type
}
