package docker

import (
	"context"
	"slices"
	"strings"
)

// Apart says why what is mounted on this machine is not seen by the engine's
// containers; "" where it is. ErrUnavailable.
func (e *Engine) Apart(ctx context.Context) (reason string, err error) {
	info, err := e.fixedInfo(ctx)
	switch {
	case err != nil:
		return "", err
	case !e.onThisMachine(info):
		return "the engine at " + e.endpoint.Host + " is on another machine, or in a virtual one", nil
	case slices.ContainsFunc(info.SecurityOptions, func(option string) bool { return strings.Contains(option, "name=rootless") }):
		return "the engine is rootless: its containers have mounts and users of their own", nil
	default:
		return "", nil
	}
}
