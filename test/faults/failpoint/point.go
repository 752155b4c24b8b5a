package failpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Variable is the environment variable with the directory. Without it Point does
// nothing.
const Variable = "HAL_FAILPOINTS"

const (
	armedFile   = "armed"
	killedFile  = "killed"
	reachedFile = "reached"
)

var points sync.Mutex

// Point is reached: that is put on record, and if it is the armed one, and the hit
// that was asked for, the process ends here. Others wait for that at their points.
func Point(name string) {
	dir := os.Getenv(Variable)
	if dir == "" {
		return
	}
	points.Lock()
	defer points.Unlock()
	if err := reach(dir, name); err != nil {
		panic(err) // a point that is not counted would pass for one that is never reached
	}
}

func reach(dir, name string) error {
	if err := record(dir, name); err != nil {
		return err
	}
	armed, hit := armedIn(dir)
	switch {
	case armed != name:
		return nil
	case hit > 1:
		return Arm(dir, name, hit-1)
	}
	// Of two processes that come here, one ends.
	if err := os.Rename(filepath.Join(dir, armedFile), filepath.Join(dir, killedFile)); err != nil {
		return err
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {}
}

func record(dir, name string) error {
	f, err := os.OpenFile(filepath.Join(dir, reachedFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintln(f, name)
	return err
}

func armedIn(dir string) (name string, hit int) {
	f, err := os.Open(filepath.Join(dir, armedFile))
	if err != nil {
		return "", 0
	}
	defer f.Close()
	if _, err := fmt.Fscan(f, &name, &hit); err != nil {
		return "", 0
	}
	return name, hit
}
