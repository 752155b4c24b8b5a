package docker

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/system"

	"hal-controller/pkg/runtime"
)

// Host implements runtime.Runtime. What memory is available is known only of an
// engine on this machine; limits that a cgroup sets for the engine are not seen.
func (e *Engine) Host(ctx context.Context) (runtime.Host, error) {
	info, err := e.fixedInfo(ctx)
	if err != nil {
		return runtime.Host{}, err
	}
	host := runtime.Host{Total: info.MemTotal, Available: -1, CPUs: int64(info.NCPU) * 1000}
	if e.shared {
		host.Available = meminfo("MemAvailable")
	}
	return host, nil
}

// onThisMachine says whether the engine runs on this kernel. A Unix socket may
// lead into a virtual machine or, forwarded, anywhere; a kernel release and an
// amount of memory that are both the same do not happen by chance.
func (e *Engine) onThisMachine(info *system.Info) bool {
	if !strings.HasPrefix(e.endpoint.Host, "unix://") {
		return false
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return err == nil &&
		strings.TrimSpace(string(release)) == info.KernelVersion &&
		meminfo("MemTotal") == info.MemTotal
}

// meminfo is a line of /proc/meminfo in bytes, -1 where there is none.
func meminfo(name string) int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return -1
	}
	return parseMeminfo(string(text), name)
}

func parseMeminfo(text, name string) int64 {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		if key != name {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err != nil {
			return -1
		}
		return kib << 10
	}
	return -1
}
