package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"hal-controller/pkg/reconcile"
)

// Rollouts keeps one file for each pool under a directory, which is made when
// it is first needed. It implements reconcile.RolloutStore.
type Rollouts struct{ Dir string }

// Load returns the record of a pool; the zero Rollout when there is none. A file
// that cannot be read as one is an error.
func (s Rollouts) Load(pool string) (reconcile.Rollout, error) {
	var r reconcile.Rollout
	data, err := os.ReadFile(s.path(pool))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return reconcile.Rollout{}, fmt.Errorf("read %s: %w", s.path(pool), err)
	}
	return r, nil
}

// Save keeps a record, all of it or nothing; the zero Rollout drops it.
func (s Rollouts) Save(pool string, r reconcile.Rollout) error {
	if r == (reconcile.Rollout{}) {
		err := os.Remove(s.path(pool))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(s.path(pool), data, 0o600, renameio.WithTempDir(s.Dir))
}

func (s Rollouts) path(pool string) string { return filepath.Join(s.Dir, pool+".json") }
