package project

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hal-controller/pkg/spec"
)

// SettingsFile is where a project says what it wants.
const SettingsFile = ".hal.yaml"

// Settings are what a project says itself: a pool or a profile, or neither.
type Settings struct {
	// File they are from; empty: the project says nothing.
	File string
	// Pool to claim from, and Profile that its workers' image is to have.
	Pool, Profile string
}

// ReadSettings reads those of a directory; one without the file has none. What is
// wrong with it is spec.Problems.
func ReadSettings(dir string) (Settings, error) {
	file := filepath.Join(dir, SettingsFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, err
	}
	settings, problems := ParseSettings(file, data)
	return settings, problems.Err()
}

// ParseSettings reads the text of the file; file is only a name for it.
func ParseSettings(file string, data []byte) (Settings, spec.Problems) {
	s := &strict{file: file}
	settings := Settings{File: file}
	root := s.document(data)
	if root == nil {
		return settings, s.problems
	}
	s.fields(root, "", map[string]field{"pool": s.text(&settings.Pool), "profile": s.text(&settings.Profile)})
	if settings.Pool != "" && settings.Profile != "" {
		s.report(root, "", "has a pool and a profile: one of them is enough, and they may not agree")
	}
	return settings, s.problems
}
