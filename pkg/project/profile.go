package project

import (
	"errors"
	"io/fs"
)

// Sign is a file that says which profile a project wants.
type Sign struct{ File, Profile string }

// signs are all there are, the strongest first: a project in Java may well have a
// package.json for its pages.
var signs = []Sign{
	{"pom.xml", "java"}, {"build.gradle", "java"}, {"build.gradle.kts", "java"},
	{"pyproject.toml", "python"}, {"requirements.txt", "python"}, {"Pipfile", "python"},
	{"package.json", "node"},
	{"go.mod", "go"},
}

// Evidence are the signs that are in a directory, the strongest first. A directory that
// cannot be read is an error; a file that is there counts, whatever is in it.
func Evidence(dir fs.FS) ([]Sign, error) {
	var found []Sign
	for _, sign := range signs {
		info, err := fs.Stat(dir, sign.File)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case info.Mode().IsRegular():
			found = append(found, sign)
		}
	}
	return found, nil
}
