package reconcile

import (
	"fmt"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// memoryRecheck is how long a hold for memory lasts: nothing tells when memory
// becomes free.
const memoryRecheck = 5 * time.Second

// memoryReserve is what must be left on the host before a worker is added: a
// limit is no reservation, so what counts is not the sum of limits but that
// the kernel does not have to pick a victim.
const memoryReserve = 256 << 20

// fitted is a container that asks for no more CPU than the engine has: Docker
// refuses a limit above that, and would with it refuse the default on a machine of
// one CPU.
func fitted(c runtime.ContainerSpec, host runtime.Host) runtime.ContainerSpec {
	if host.CPUs > 0 {
		c.Limits.CPU = min(c.Limits.CPU, host.CPUs)
	}
	return c
}

// memoryShort says why a worker with this limit must not be created now.
func memoryShort(m runtime.Host, limit int64) string {
	if m.Total > 0 && limit > m.Total {
		return fmt.Sprintf("a worker may use %s and the engine has %s: lower workers.template.resources.memory", spec.Memory(limit), spec.Memory(m.Total>>20<<20))
	}
	if m.Total > 0 && m.Available >= 0 && m.Available < memoryReserve {
		return fmt.Sprintf("the host has %s of memory left, and %s must stay free", spec.Memory(m.Available>>20<<20), spec.Memory(memoryReserve))
	}
	return ""
}
