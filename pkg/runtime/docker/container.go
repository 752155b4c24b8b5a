package docker

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"hal-controller/pkg/runtime"
)

// List implements runtime.Containers.
func (e *Engine) List(ctx context.Context, pool string) ([]runtime.Container, error) {
	summaries, err := e.client.ContainerList(ctx, container.ListOptions{All: true, Filters: e.filter(pool)})
	if err != nil {
		return nil, e.failure(err)
	}
	containers := make([]runtime.Container, 0, len(summaries))
	for i := range summaries {
		containers = append(containers, listed(&summaries[i]))
	}
	return containers, nil
}

func listed(s *container.Summary) runtime.Container {
	c := runtime.Container{
		ID: s.ID, Name: ownName(s.Names), Owner: ownerOf(s.Labels),
		State: runtime.State(s.State), Created: time.Unix(s.Created, 0),
		Image: s.Image, ImageID: s.ImageID,
	}
	if id, joins := strings.CutPrefix(s.HostConfig.NetworkMode, joining); joins {
		c.SandboxID = id
	}
	if s.NetworkSettings != nil {
		c.Addresses = addresses(s.NetworkSettings.Networks)
	}
	return c
}

// addresses leaves out the networks that a container has no address in: while it
// does not run the engine tells of them all the same.
func addresses(networks map[string]*network.EndpointSettings) map[string]string {
	var found map[string]string
	for name, endpoint := range networks {
		if endpoint == nil || endpoint.IPAddress == "" {
			continue
		}
		if found == nil {
			found = map[string]string{}
		}
		found[name] = endpoint.IPAddress
	}
	return found
}

// ownName is the name of a container among those that links give it, which have
// the name of another before their own.
func ownName(names []string) string {
	for _, name := range names {
		name = strings.TrimPrefix(name, "/")
		if !strings.Contains(name, "/") {
			return name
		}
	}
	return ""
}

// Inspect implements runtime.Containers.
func (e *Engine) Inspect(ctx context.Context, id string) (*runtime.Inspection, error) {
	c, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return nil, e.onContainer(err)
	}
	return inspection(c), nil
}

// Create implements runtime.Containers. Before it creates it looks at the
// network or the sandbox: the engine takes a container that names a missing one,
// and refuses only to start it (20.10).
func (e *Engine) Create(ctx context.Context, spec runtime.ContainerSpec) (string, error) {
	if err := e.resolve(ctx, &spec); err != nil {
		return "", err
	}
	request, err := e.request(spec)
	if err != nil {
		return "", err
	}
	created, err := e.client.ContainerCreate(ctx, request.config, request.host, request.network, nil, spec.Name)
	switch {
	case err == nil:
		return created.ID, nil
	case errdefs.IsConflict(err):
		return "", e.nameConflict(ctx, spec.Name, err)
	case errdefs.IsNotFound(err):
		return "", refusal(runtime.ErrImageMissing, err)
	case errdefs.IsInvalidArgument(err):
		return "", refusal(runtime.ErrInvalid, err)
	default:
		return "", e.failure(err)
	}
}

// resolve makes sure that what a container joins exists and is ours, and puts
// the sandbox's id in place of its name.
func (e *Engine) resolve(ctx context.Context, spec *runtime.ContainerSpec) error {
	switch {
	case spec.Sandbox != "":
		sandbox, err := e.client.ContainerInspect(ctx, spec.Sandbox)
		if err != nil {
			return e.onContainer(err)
		}
		if !e.owns(sandbox.Config.Labels) {
			return foreign("container", spec.Sandbox, sandbox.ID)
		}
		spec.Sandbox = sandbox.ID
	case spec.Network != "":
		found, err := e.networksNamed(ctx, spec.Network)
		if err != nil {
			return err
		}
		if len(found.ours) == 0 {
			return fmt.Errorf("network %q: %w", spec.Network, runtime.ErrNotFound)
		}
	}
	return nil
}

// nameConflict says who holds a name that a create or a rename wanted.
func (e *Engine) nameConflict(ctx context.Context, name string, conflict error) error {
	holder, err := e.client.ContainerInspect(ctx, name)
	switch {
	case errdefs.IsNotFound(err):
		return said{conflict} // gone meanwhile: worth a retry
	case err != nil:
		return e.failure(err)
	case !e.owns(holder.Config.Labels):
		return foreign("container", name, holder.ID)
	default:
		return refusal(runtime.ErrNameTaken, conflict)
	}
}

// foreign names who holds a name, and the way out.
func foreign(kind, name, id string) error {
	return fmt.Errorf("%w: %q is %s %.12s, which is not of this instance: remove or rename it",
		runtime.ErrForeign, name, kind, id)
}

// Start implements runtime.Containers. A command that the image does not have is
// no error of it: the init process starts, finds that out, says so in the log
// and exits 127.
func (e *Engine) Start(ctx context.Context, id string) error {
	err := e.client.ContainerStart(ctx, id, container.StartOptions{})
	switch {
	case errdefs.IsNotFound(err) && !strings.Contains(err.Error(), id):
		return refusal(runtime.ErrInvalid, err) // a sandbox or a network of its own is gone
	case err != nil && taskLeft.MatchString(err.Error()):
		return refusal(runtime.ErrStuck, err)
	case errdefs.IsInternal(err) && hopeless(err):
		if e.detached(ctx, id) {
			return refusal(runtime.ErrStuck, err)
		}
		return refusal(runtime.ErrInvalid, err)
	default:
		return e.onContainer(err)
	}
}

// taskLeft is what an engine (20.10) says to each start of a container that it was
// starting when it was killed, as "task 18a8…: already exists": containerd has the first
// start's task still, and nobody removes it but with the container.
var taskLeft = regexp.MustCompile(`\btask\b.*already exists`)

// hopeless knows the words of refusals that the engine gives the status of its
// own breakdowns (20.10; for a sandbox that is gone, 2.0 beta).
func hopeless(err error) bool {
	return slices.ContainsFunc([]string{
		"port is already allocated", "address already in use", "unable to find user", "unable to find group",
		"joining network namespace of container: No such container",
	}, func(words string) bool { return strings.Contains(err.Error(), words) })
}

// detached says that the engine has forgotten the network of a container as it refused
// to start it (29.1 to 2.0 beta): it would start the next time, joined to none. Where that
// cannot be found out, it has not.
func (e *Engine) detached(ctx context.Context, id string) bool {
	c, err := e.client.ContainerInspect(ctx, id)
	return err == nil && c.HostConfig.NetworkMode.IsUserDefined() && c.NetworkSettings != nil && len(c.NetworkSettings.Networks) == 0
}

// Stop implements runtime.Containers. The grace is the container's own. A paused
// process gets no signal, so the engine would wait out the grace and kill it.
func (e *Engine) Stop(ctx context.Context, id string) error {
	c, err := e.client.ContainerInspect(ctx, id)
	if err == nil && c.State.Paused {
		err = e.client.ContainerUnpause(ctx, id)
	}
	if err == nil {
		err = e.client.ContainerStop(ctx, id, container.StopOptions{})
	}
	if errdefs.IsNotFound(err) || beingRemoved(err) {
		return nil
	}
	return e.failure(err)
}

// Remove implements runtime.Containers.
func (e *Engine) Remove(ctx context.Context, id string) error {
	err := e.client.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	if errdefs.IsNotFound(err) || beingRemoved(err) {
		return nil
	}
	return e.failure(err)
}

// Rename implements runtime.Containers. A container that has the name already is
// no error: the reply to an earlier call may have been lost.
func (e *Engine) Rename(ctx context.Context, id, name string) error {
	err := e.client.ContainerRename(ctx, id, name)
	switch {
	case errdefs.IsConflict(err) && !beingRemoved(err):
		return e.nameConflict(ctx, name, err)
	case errdefs.IsInvalidArgument(err) && e.hasName(ctx, id, name):
		return nil
	default:
		return e.onContainer(err)
	}
}

func (e *Engine) hasName(ctx context.Context, id, name string) bool {
	c, err := e.client.ContainerInspect(ctx, id)
	return err == nil && c.Name == "/"+name
}
