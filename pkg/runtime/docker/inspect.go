package docker

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"

	"hal-controller/pkg/runtime"
)

// engineStopTimeout is the grace of a container that says nothing of its own.
const engineStopTimeout = 10 * time.Second

func inspection(c container.InspectResponse) *runtime.Inspection {
	i := &runtime.Inspection{
		State:         runtime.State(c.State.Status),
		StartedAt:     timeOf(c.State.StartedAt),
		FinishedAt:    timeOf(c.State.FinishedAt),
		ExitCode:      c.State.ExitCode,
		OOMKilled:     c.State.OOMKilled,
		Error:         c.State.Error,
		ImageID:       c.Image,
		Spec:          specOf(c),
		RestartPolicy: string(c.HostConfig.RestartPolicy.Name),
	}
	if c.NetworkSettings != nil {
		i.Addresses = addresses(c.NetworkSettings.Networks)
	}
	return i
}

// timeOf reads a time of the engine, whose year 1 means never.
func timeOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// specOf is the inverse of request: what was asked for comes back as it was, but
// for the sandbox, which is an id, and the seccomp profile, which is its content.
func specOf(c container.InspectResponse) runtime.ContainerSpec {
	spec := runtime.ContainerSpec{
		Name:        strings.TrimPrefix(c.Name, "/"),
		Owner:       ownerOf(c.Config.Labels),
		Image:       c.Config.Image,
		Command:     c.Config.Cmd,
		User:        c.Config.User,
		Env:         envVars(c.Config.Env),
		Labels:      usersLabels(c.Config.Labels),
		Ports:       ports(c.HostConfig.PortBindings),
		Mounts:      mounts(c.HostConfig.Mounts),
		Tmpfs:       slices.Sorted(maps.Keys(c.HostConfig.Tmpfs)),
		Limits:      limits(c.HostConfig.Resources),
		StopSignal:  c.Config.StopSignal,
		StopTimeout: engineStopTimeout,
		Security:    security(c.HostConfig),
	}
	if c.Config.StopTimeout != nil {
		spec.StopTimeout = time.Duration(*c.Config.StopTimeout) * time.Second
	}
	if sandbox, joins := strings.CutPrefix(string(c.HostConfig.NetworkMode), joining); joins {
		spec.Sandbox = sandbox
		return spec
	}
	spec.Network = string(c.HostConfig.NetworkMode)
	spec.Aliases = aliases(c, spec.Network)
	return spec
}

// aliases leaves out the short id, which engines before 25 add.
func aliases(c container.InspectResponse, network string) []string {
	if c.NetworkSettings == nil || c.NetworkSettings.Networks[network] == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.NetworkSettings.Networks[network].Aliases), func(alias string) bool {
		return alias != "" && strings.HasPrefix(c.ID, alias)
	})
}

func envVars(env []string) []runtime.EnvVar {
	var vars []runtime.EnvVar
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars = append(vars, runtime.EnvVar{Name: name, Value: value})
	}
	return vars
}

// ports are ordered by container port, then by host address.
func ports(bindings nat.PortMap) []runtime.Port {
	var out []runtime.Port
	for port, hosts := range bindings {
		for _, host := range hosts {
			hostPort, _ := strconv.Atoi(host.HostPort) // empty: any
			out = append(out, runtime.Port{
				HostIP: host.HostIP, HostPort: hostPort,
				ContainerPort: port.Int(), Protocol: port.Proto(),
			})
		}
	}
	slices.SortFunc(out, func(a, b runtime.Port) int {
		return cmp.Or(
			cmp.Compare(a.ContainerPort, b.ContainerPort), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.HostPort, b.HostPort))
	})
	return out
}

func mounts(in []mount.Mount) []runtime.Mount {
	var out []runtime.Mount
	for _, m := range in {
		translated := runtime.Mount{
			Type: runtime.MountType(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly,
		}
		if m.BindOptions != nil {
			translated.Propagation = string(m.BindOptions.Propagation)
		}
		out = append(out, translated)
	}
	return out
}

func limits(r container.Resources) runtime.Limits {
	l := runtime.Limits{CPU: r.NanoCPUs / 1e6, Memory: r.Memory}
	if r.PidsLimit != nil && *r.PidsLimit > 0 {
		l.Pids = *r.PidsLimit
	}
	return l
}

func security(h *container.HostConfig) runtime.Security {
	s := runtime.Security{
		ReadOnlyRootFilesystem: h.ReadonlyRootfs,
		CapDrop:                capabilities(h.CapDrop),
		CapAdd:                 capabilities(h.CapAdd),
		Runtime:                h.Runtime,
	}
	for _, option := range h.SecurityOpt {
		if profile, is := strings.CutPrefix(option, seccomp); is {
			s.SeccompProfile = profile
		}
		if option == noNewPrivileges || option == noNewPrivileges+"=true" || option == noNewPrivileges+":true" {
			s.NoNewPrivileges = true
		}
	}
	return s
}

// capabilities go without the prefix that the client adds to them.
func capabilities(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, strings.TrimPrefix(name, "CAP_"))
	}
	return out
}
