package reconcile

import (
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// desirePorts reads published ports; validation has refused those that are none.
func desirePorts(ports []string) []runtime.Port {
	var out []runtime.Port
	for _, text := range ports {
		p, err := spec.ParsePort(text)
		if err != nil {
			continue
		}
		out = append(out, runtime.Port{
			HostIP: p.HostIP.String(), HostPort: p.HostPort, ContainerPort: p.ContainerPort, Protocol: p.Protocol,
		})
	}
	return out
}
