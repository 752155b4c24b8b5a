package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"hal-controller/pkg/runtime"
)

// Update implements runtime.Containers. To the engine a limit of zero means
// "leave it", and it has no way to lift one: where that was asked for and is not
// so already, the answer is ErrInvalid.
func (e *Engine) Update(ctx context.Context, id string, limits runtime.Limits) error {
	resources := resourcesOf(limits)
	resources.PidsLimit = &limits.Pids // of this limit alone, zero is none
	_, err := e.client.ContainerUpdate(ctx, id, container.UpdateConfig{
		Resources:     resources,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
	})
	if err != nil || limits.CPU != 0 && limits.Memory != 0 {
		return e.onContainer(err)
	}
	now, err := e.Inspect(ctx, id)
	if err != nil {
		return err
	}
	if now.Spec.Limits != limits {
		return fmt.Errorf("%w: a limit of CPU or memory cannot be lifted in place: remove the container to have it made anew",
			runtime.ErrInvalid)
	}
	return nil
}
