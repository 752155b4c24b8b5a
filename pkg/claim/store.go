package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// Store keeps a file for each record in a directory, which is made when it is
// first needed. The zero Store keeps nothing.
type Store struct{ Dir string }

// Load returns all records. Those that cannot be read are left out and told in the
// error; they are not removed.
func (s Store) Load() ([]Record, error) {
	if s.Dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the claims on record: %w", err)
	}
	var records []Record
	var errs []error
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".json")
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		record, err := s.read(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		records = append(records, record)
	}
	return records, errors.Join(errs...)
}

func (s Store) read(name string) (Record, error) {
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		return Record{}, fmt.Errorf("read the record of claim %q: %w", name, err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fmt.Errorf("read the record of claim %q in %s: %w", name, s.path(name), err)
	}
	if r.Name != name || r.Pool == "" || r.Worker == "" {
		return Record{}, fmt.Errorf("read the record of claim %q in %s: it is not one", name, s.path(name))
	}
	return r, nil
}

// Save keeps a record, all of it or nothing. When it returns, the disk has it.
func (s Store) Save(r Record) error {
	if s.Dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("record claim %q: %w", r.Name, err)
	}
	if err := renameio.WriteFile(s.path(r.Name), append(data, '\n'), 0o600, renameio.WithTempDir(s.Dir)); err != nil {
		return fmt.Errorf("record claim %q: %w", r.Name, err)
	}
	return s.sync()
}

// Remove drops the record of a claim. One that is not there is no error.
func (s Store) Remove(name string) error {
	if s.Dir == "" {
		return nil
	}
	err := os.Remove(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop the record of claim %q: %w", name, err)
	}
	return s.sync()
}

// setAside moves a record that cannot be read out of the way of a new one.
func (s Store) setAside(name string) error {
	if s.Dir == "" {
		return nil
	}
	err := os.Rename(s.path(name), s.path(name)+".unreadable")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set the unreadable record of claim %q aside: %w", name, err)
	}
	return nil
}

// sync brings the directory itself to disk: the name of a new file is in it.
func (s Store) sync() error {
	dir, err := os.Open(s.Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (s Store) path(name string) string { return filepath.Join(s.Dir, name+".json") }
