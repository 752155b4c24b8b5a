package state

import (
	"os"
	"path/filepath"
	"strings"
)

// DefaultDir is where state is kept: /var/lib/hal-controller for root, else
// hal-controller under $XDG_STATE_HOME or ~/.local/state.
func DefaultDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/hal-controller"
	}
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "hal-controller")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "hal-controller")
	}
	return filepath.Join(home, ".local", "state", "hal-controller")
}

// For is the directory, below a base, of one instance on one engine: what
// another has must not be taken for one's own.
func For(base, engine, instance string) string {
	return filepath.Join(base, strings.ReplaceAll(engine, ":", ""), instance)
}

// Slots is where the slots of an instance's workers on an engine are: in /run, for
// they are nothing without the mounts that a reboot takes away, and not where state
// is kept, for whoever removes that must not get into the projects that are bound.
func Slots(engine, instance string) string {
	return For("/run/hal-controller-slots", engine, instance)
}

// DefaultSocket is where the daemon of an instance serves its API:
// /run/hal-controller/INSTANCE.sock for root, else under $XDG_RUNTIME_DIR or,
// where that is not set, in the state directory.
func DefaultSocket(instance string) string {
	if os.Geteuid() == 0 {
		return filepath.Join("/run/hal-controller", instance+".sock")
	}
	if base := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(base) {
		return filepath.Join(base, "hal-controller", instance+".sock")
	}
	return filepath.Join(DefaultDir(), instance+".sock")
}
