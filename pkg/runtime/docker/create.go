package docker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"hal-controller/pkg/runtime"
)

// joining is how a network mode begins that is another container's.
const joining = "container:"

// Options of SecurityOpt.
const (
	noNewPrivileges = "no-new-privileges"
	seccomp         = "seccomp="
)

// The logs of a container are kept in the engine's json-file driver, whatever
// its default, because that can be read back; and bounded, so that a chatty
// worker does not fill the disk.
var logConfig = container.LogConfig{
	Type:   "json-file",
	Config: map[string]string{"max-size": "10m", "max-file": "2"},
}

// request is a ContainerSpec in the engine's words.
type request struct {
	config  *container.Config
	host    *container.HostConfig
	network *network.NetworkingConfig
}

// request translates a spec whose Sandbox is an id. Its errors are of the
// seccomp profile: one that is no JSON is ErrInvalid.
func (e *Engine) request(spec runtime.ContainerSpec) (request, error) {
	securityOptions, err := securityOptions(spec.Security)
	if err != nil {
		return request{}, err
	}
	exposed, bindings := portsOf(spec.Ports)
	stopTimeout := int((spec.StopTimeout + time.Second - 1) / time.Second)
	r := request{
		config: &container.Config{
			Image:        spec.Image,
			Cmd:          spec.Command,
			User:         spec.User,
			Env:          envOf(spec.Env),
			Labels:       e.containerLabels(spec.Labels, spec.Owner),
			ExposedPorts: exposed,
			StopSignal:   spec.StopSignal,
			StopTimeout:  &stopTimeout,
		},
		host: &container.HostConfig{
			Init:           pointer(true),
			RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyDisabled},
			Resources:      resourcesOf(spec.Limits),
			Mounts:         mountsOf(spec.Mounts),
			Tmpfs:          tmpfsOf(spec.Tmpfs),
			PortBindings:   bindings,
			CapDrop:        spec.Security.CapDrop,
			CapAdd:         spec.Security.CapAdd,
			SecurityOpt:    securityOptions,
			ReadonlyRootfs: spec.Security.ReadOnlyRootFilesystem,
			Runtime:        spec.Security.Runtime,
			LogConfig:      logConfig,
		},
	}
	switch {
	case spec.Sandbox != "":
		r.host.NetworkMode = container.NetworkMode(joining + spec.Sandbox)
	case spec.Network != "":
		r.host.NetworkMode = container.NetworkMode(spec.Network)
		r.network = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			spec.Network: {Aliases: spec.Aliases},
		}}
	}
	return r, nil
}

// resourcesOf sets swap to memory, which is to say none: left out, the engine
// allows as much again.
func resourcesOf(l runtime.Limits) container.Resources {
	r := container.Resources{
		NanoCPUs: l.CPU * 1e6,
		Memory:   l.Memory, MemorySwap: l.Memory,
	}
	if l.Pids != 0 {
		r.PidsLimit = &l.Pids
	}
	return r
}

func envOf(vars []runtime.EnvVar) []string {
	var env []string
	for _, v := range vars {
		env = append(env, v.Name+"="+v.Value)
	}
	return env
}

func portsOf(ports []runtime.Port) (nat.PortSet, nat.PortMap) {
	if len(ports) == 0 {
		return nil, nil
	}
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for _, p := range ports {
		port := nat.Port(strconv.Itoa(p.ContainerPort) + "/" + p.Protocol)
		binding := nat.PortBinding{HostIP: p.HostIP}
		if p.HostPort != 0 {
			binding.HostPort = strconv.Itoa(p.HostPort)
		}
		exposed[port] = struct{}{}
		bindings[port] = append(bindings[port], binding)
	}
	return exposed, bindings
}

func mountsOf(mounts []runtime.Mount) []mount.Mount {
	var out []mount.Mount
	for _, m := range mounts {
		translated := mount.Mount{
			Type: mount.Type(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly,
		}
		if m.Propagation != "" {
			translated.BindOptions = &mount.BindOptions{Propagation: mount.Propagation(m.Propagation)}
		}
		out = append(out, translated)
	}
	return out
}

func tmpfsOf(targets []string) map[string]string {
	if len(targets) == 0 {
		return nil
	}
	tmpfs := map[string]string{}
	for _, target := range targets {
		tmpfs[target] = ""
	}
	return tmpfs
}

// securityOptions sends the seccomp profile itself: the engine may be elsewhere
// and knows no path.
func securityOptions(s runtime.Security) ([]string, error) {
	var options []string
	if s.NoNewPrivileges {
		options = append(options, noNewPrivileges)
	}
	if s.SeccompProfile == "" {
		return options, nil
	}
	profile, err := os.ReadFile(s.SeccompProfile)
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, profile); err != nil {
		return nil, fmt.Errorf("seccomp profile %q: %w: no JSON: %w", s.SeccompProfile, runtime.ErrInvalid, err)
	}
	return append(options, seccomp+compact.String()), nil
}

func pointer[T any](v T) *T { return &v }
