package failpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

const clockFile = "clock"

// SetClock has the clock of each process be off by so much from now on; 0 is right.
func SetClock(dir string, by time.Duration) error {
	return renameio.WriteFile(filepath.Join(dir, clockFile), []byte(by.String()), 0o600)
}

// Now is what a process's clock shows. It has no monotonic part, so that all that is
// measured with it jumps with the clock.
func Now() time.Time {
	now := time.Now().Round(0)
	dir := os.Getenv(Variable)
	if dir == "" {
		return now
	}
	by, err := clockIn(dir)
	if err != nil {
		panic(err) // a clock that is not off would pass for one that does no harm
	}
	return now.Add(by)
}

// Since is time.Since by that clock.
func Since(t time.Time) time.Duration { return Now().Sub(t) }

// Until is time.Until by that clock.
func Until(t time.Time) time.Duration { return t.Sub(Now()) }

func clockIn(dir string) (by time.Duration, err error) {
	text, err := os.ReadFile(filepath.Join(dir, clockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return time.ParseDuration(string(text))
}
