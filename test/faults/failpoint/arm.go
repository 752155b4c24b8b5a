package failpoint

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Arm has the first process end that reaches the point for the nth time from now on.
func Arm(dir, name string, hit int) error {
	if err := os.Remove(filepath.Join(dir, killedFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, armedFile), fmt.Appendf(nil, "%s %d\n", name, hit), 0o600)
}

// Disarm has no process end any more. Nothing armed is no error.
func Disarm(dir string) error {
	err := os.Remove(filepath.Join(dir, armedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Killed says whether a process has ended at a point since the last Arm.
func Killed(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, killedFile))
	return err == nil
}

// Hits is how often each point was reached since the directory was made.
func Hits(dir string) (map[string]int, error) {
	f, err := os.Open(filepath.Join(dir, reachedFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hits := map[string]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		hits[lines.Text()]++
	}
	return hits, lines.Err()
}
