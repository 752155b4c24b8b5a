package reconcile

import (
	"slices"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Desired is what a pool wants on the engine, computed from its manifest alone.
type Desired struct {
	Network  runtime.NetworkSpec
	Volumes  []runtime.VolumeSpec
	Sandbox  *runtime.ContainerSpec // nil in bridge mode
	Services []Service              // parent first, then by name
	Worker   Template
}

// Service is a wanted shared service.
type Service struct {
	Spec      runtime.ContainerSpec
	Readiness *spec.Probe
}

// Template is what workers are made from.
type Template struct {
	pool      string
	prototype runtime.ContainerSpec
	Warmup    *spec.Warmup
	Readiness *spec.Probe
	// Revision is the hash of everything that a worker is created with, and of
	// how it is warmed up and asked: a changed probe comes in by a rollout too.
	Revision string
}

// Worker is the spec of one worker of the template.
func (t Template) Worker(ordinal int) runtime.ContainerSpec {
	w := t.prototype
	w.Name = WorkerName(t.pool, ordinal)
	w.Owner.Ordinal = ordinal
	return w
}

// Image that the template's workers run.
func (t Template) Image() string { return t.prototype.Image }

// Desire computes what the pool wants. The pool must be defaulted and valid.
func Desire(p *spec.Pool) Desired {
	name := p.Metadata.Name
	d := Desired{
		Network: runtime.NetworkSpec{
			Name: networkName(name), Pool: name, Internal: p.Spec.Network.Internal,
		},
		Worker: DesireTemplate(p, p.Spec.Workers.Template),
	}
	for _, v := range p.Spec.Volumes {
		d.Volumes = append(d.Volumes, runtime.VolumeSpec{Name: volumeName(name, v.Name), Pool: name})
	}
	if p.Spec.Network.Mode == spec.NetworkShared {
		d.Sandbox = desireSandbox(p)
	}
	if p.Spec.Parent != nil {
		d.Services = append(d.Services, desireService(p, runtime.RoleParent, "parent", *p.Spec.Parent))
	}
	named := slices.Clone(p.Spec.Services)
	slices.SortFunc(named, func(a, b spec.NamedService) int { return compareStrings(a.Name, b.Name) })
	for _, s := range named {
		d.Services = append(d.Services, desireService(p, runtime.RoleService, s.Name, s.Service))
	}
	return d
}

// desireSandbox owns the network namespace and so the ports of every service.
func desireSandbox(p *spec.Pool) *runtime.ContainerSpec {
	name := p.Metadata.Name
	sandbox := runtime.ContainerSpec{
		Name:        sandboxName(name),
		Owner:       runtime.Owner{Pool: name, Role: runtime.RoleSandbox},
		Image:       runtime.PauseImage,
		Network:     networkName(name),
		Limits:      runtime.Limits{Memory: 64 << 20, Pids: 32},
		StopTimeout: time.Second,
		Security: runtime.Security{
			ReadOnlyRootFilesystem: true, NoNewPrivileges: true, CapDrop: []string{"ALL"},
		},
	}
	for _, s := range allServices(p) {
		sandbox.Ports = append(sandbox.Ports, desirePorts(s.Ports)...)
	}
	sandbox.Owner.SpecHash = specHash(sandbox)
	return &sandbox
}

func allServices(p *spec.Pool) []spec.Service {
	var all []spec.Service
	if p.Spec.Parent != nil {
		all = append(all, *p.Spec.Parent)
	}
	for _, s := range p.Spec.Services {
		all = append(all, s.Service)
	}
	return all
}

func desireService(p *spec.Pool, role runtime.Role, name string, s spec.Service) Service {
	pool := p.Metadata.Name
	c := runtime.ContainerSpec{
		Name:        serviceName(pool, name),
		Owner:       runtime.Owner{Pool: pool, Role: role},
		Image:       s.Image,
		Command:     orNil(s.Command),
		User:        s.User,
		Env:         desireEnv(s.Env),
		Labels:      labelsOrNil(s.Labels),
		Mounts:      desireMounts(pool, s.Volumes),
		Limits:      desireLimits(s.Resources),
		StopSignal:  s.StopSignal,
		StopTimeout: time.Duration(s.StopGracePeriod),
		Security:    desireSecurity(s.Security),
	}
	if role == runtime.RoleService {
		c.Owner.Service = name
	}
	if s.Security.ReadOnlyRootFilesystem {
		c.Tmpfs = []string{"/tmp"}
	}
	if p.Spec.Network.Mode == spec.NetworkShared {
		c.Sandbox = sandboxName(pool)
	} else {
		c.Network, c.Aliases, c.Ports = networkName(pool), []string{name}, desirePorts(s.Ports)
	}
	c.Owner.SpecHash = specHash(c)
	return Service{Spec: c, Readiness: s.Readiness}
}

// DesireTemplate computes the workers of a pool from a template that may be
// another than its own: that of the revision a rollout falls back to.
func DesireTemplate(p *spec.Pool, t spec.WorkerTemplate) Template {
	pool := p.Metadata.Name
	w := runtime.ContainerSpec{
		Owner:       runtime.Owner{Pool: pool, Role: runtime.RoleWorker},
		Image:       t.Image,
		Command:     orNil(t.Command),
		User:        t.User,
		Env:         desireEnv(t.Env),
		Labels:      labelsOrNil(t.Labels),
		Mounts:      append(desireMounts(pool, t.Volumes), desireSlots(t)...),
		Tmpfs:       []string{SecretsDir},
		Limits:      desireLimits(t.Resources),
		StopSignal:  t.StopSignal,
		StopTimeout: time.Duration(t.StopGracePeriod),
		Security:    desireSecurity(t.Security),
	}
	if t.Security.ReadOnlyRootFilesystem {
		w.Tmpfs = append(w.Tmpfs, "/tmp")
	}
	if p.Spec.Network.Mode == spec.NetworkShared {
		w.Sandbox = sandboxName(pool)
	} else {
		w.Network = networkName(pool)
	}
	revision := templateHash(w, t.Warmup, t.Readiness)
	w.Owner.Revision = shortRevision(revision)
	w.Owner.SpecHash = revision
	return Template{
		pool: pool, prototype: w,
		Warmup: t.Warmup, Readiness: t.Readiness, Revision: w.Owner.Revision,
	}
}

// orNil makes an empty list the same as none, which it is: specs are hashed.
func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// asSet is a list in which order and repetition mean nothing: engines drop both.
func asSet(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func labelsOrNil(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	return labels
}

func desireEnv(env []spec.EnvVar) []runtime.EnvVar {
	var out []runtime.EnvVar
	for _, e := range env {
		out = append(out, runtime.EnvVar{Name: e.Name, Value: e.Value})
	}
	return out
}

// desireMounts leaves out what is bound only when a worker is claimed.
func desireMounts(pool string, mounts []spec.VolumeMount) []runtime.Mount {
	var out []runtime.Mount
	for _, m := range mounts {
		if m.Scope == spec.ScopeUser {
			continue
		}
		out = append(out, runtime.Mount{
			Type: runtime.MountVolume, Source: volumeName(pool, m.Name),
			Target: m.Target, ReadOnly: m.ReadOnly,
		})
	}
	return out
}

// SecretsDir is where claims deliver secrets: a file system in memory that is the
// worker's alone.
const SecretsDir = spec.SecretsDir

// WorkspaceSlot is where the project of a claim is bound.
const WorkspaceSlot = "workspace"

// UserSlot is where a person's directory of a volume with scope user is bound.
func UserSlot(volume string) string { return "user-" + volume }

// desireSlots are the places for what is bound only when a worker is claimed.
func desireSlots(t spec.WorkerTemplate) []runtime.Mount {
	slot := func(name, target string) runtime.Mount {
		return runtime.Mount{Type: runtime.MountSlot, Source: name, Target: target, Propagation: "rslave"}
	}
	var slots []runtime.Mount
	if mode := t.Workspace.Mode; mode == spec.WorkspaceAuto || mode == spec.WorkspaceBind {
		slots = append(slots, slot(WorkspaceSlot, t.Workspace.Target))
	}
	for _, m := range t.Volumes {
		if m.Scope == spec.ScopeUser {
			slots = append(slots, slot(UserSlot(m.Name), m.Target))
		}
	}
	return slots
}

func desireLimits(r spec.Resources) runtime.Limits {
	return runtime.Limits{CPU: int64(r.CPU), Memory: int64(r.Memory), Pids: r.Pids}
}

func desireSecurity(s spec.Security) runtime.Security {
	out := runtime.Security{
		ReadOnlyRootFilesystem: s.ReadOnlyRootFilesystem,
		NoNewPrivileges:        s.NoNewPrivileges == nil || *s.NoNewPrivileges,
		CapDrop:                asSet(s.CapDrop),
		CapAdd:                 asSet(s.CapAdd),
		Runtime:                s.Runtime,
	}
	if s.Seccomp != "default" {
		out.SeccompProfile = s.Seccomp
	}
	return out
}

// imagesOf are the images that a pool's containers are made from, that of the
// template which a rollout falls back to included, and that of the sandbox in
// any mode: a change of mode may be held.
func imagesOf(s State) []string {
	if s.Pool == nil || s.Deleted {
		return nil
	}
	want := Desire(s.Pool)
	images := []string{want.Worker.Image(), runtime.PauseImage}
	for _, service := range want.Services {
		images = append(images, service.Spec.Image)
	}
	if good := s.Rollout.Good; good != nil {
		images = append(images, good.Image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}
