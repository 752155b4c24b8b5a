package spec

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Limits of a container whose manifest says nothing.
const (
	defaultCPU           CPU    = 2000
	defaultWorkerMemory  Memory = 4 << 30
	defaultServiceMemory Memory = 2 << 30
	defaultWorkerPids           = 100
	defaultServicePids          = 200
)

const (
	maxWorkers      = 1000
	defaultHeadroom = 10
	defaultGrace    = Duration(10 * time.Second)
	defaultSignal   = "SIGTERM"
)

// SecretsDir is the directory of a worker that secrets are in.
const SecretsDir = "/run/secrets"

// Default sets in p what the user left out, and brings what has several
// spellings into one. It is idempotent and leaves valid values alone; what is
// wrong stays for Validate.
func Default(p *Pool) {
	setDefault(&p.Spec.Network.Mode, NetworkShared)
	if p.Spec.Parent != nil {
		defaultService(p.Spec.Parent)
	}
	for i := range p.Spec.Services {
		defaultService(&p.Spec.Services[i].Service)
	}
	defaultWorkers(&p.Spec.Workers)
	for i := range p.Spec.Volumes {
		setDefault(&p.Spec.Volumes[i].Reclaim, ReclaimRetain)
	}
}

func defaultService(s *Service) {
	defaultResources(&s.Resources, defaultServiceMemory, defaultServicePids)
	setDefault(&s.StopSignal, defaultSignal)
	setDefault(&s.StopGracePeriod, defaultGrace)
	defaultProbe(s.Readiness)
	defaultMounts(s.Volumes)
	defaultSecurity(&s.Security)
	for i, text := range s.Ports {
		if port, err := ParsePort(text); err == nil {
			s.Ports[i] = port.String()
		}
	}
}

func defaultWorkers(w *Workers) {
	setDefaultPointer(&w.Max, max(w.Warm, min(w.Warm+defaultHeadroom, maxWorkers)))
	setDefault(&w.OnEmpty, OnEmptyCold)
	defaultTemplate(&w.Template)
	defaultUpdate(&w.Update)
	defaultRestart(&w.Restart)
}

func defaultTemplate(t *WorkerTemplate) {
	defaultResources(&t.Resources, defaultWorkerMemory, defaultWorkerPids)
	setDefault(&t.StopSignal, defaultSignal)
	setDefault(&t.StopGracePeriod, defaultGrace)
	setDefault(&t.Workspace.Target, "/workspace")
	setDefault(&t.Workspace.Mode, WorkspaceAuto)
	if t.Warmup != nil {
		setDefault(&t.Warmup.Timeout, Duration(20*time.Second))
	}
	for i := range t.Secrets {
		if s := &t.Secrets[i]; s.Name != "" {
			setDefault(&s.Target, path.Join(SecretsDir, s.Name))
		}
	}
	defaultProbe(t.Readiness)
	defaultMounts(t.Volumes)
	defaultSecurity(&t.Security)
}

func defaultResources(r *Resources, memory Memory, pids int64) {
	setDefault(&r.CPU, defaultCPU)
	setDefault(&r.Memory, memory)
	setDefault(&r.Pids, pids)
}

func defaultProbe(p *Probe) {
	if p == nil {
		return
	}
	if p.HTTPGet != nil {
		setDefault(&p.HTTPGet.Path, "/")
	}
	setDefault(&p.Period, Duration(time.Second))
	setDefault(&p.Timeout, Duration(5*time.Second))
	setDefault(&p.FailureThreshold, 3)
	setDefault(&p.StartupTimeout, Duration(time.Minute))
}

func defaultMounts(mounts []VolumeMount) {
	for i := range mounts {
		setDefault(&mounts[i].Scope, ScopePool)
	}
}

func defaultSecurity(s *Security) {
	setDefaultPointer(&s.NoNewPrivileges, true)
	setDefault(&s.Seccomp, SeccompDefault)
	if s.CapDrop == nil {
		s.CapDrop = []string{capAll}
	}
	for _, list := range [][]string{s.CapDrop, s.CapAdd} {
		for i, name := range list {
			if short := strings.TrimPrefix(name, "CAP_"); slices.Contains(capabilities, short) {
				list[i] = short
			}
		}
	}
}

func defaultUpdate(u *Update) {
	setDefaultPointer(&u.MaxUnavailable, IntOrPercent{Value: 20, Percent: true})
	setDefaultPointer(&u.MaxSurge, IntOrPercent{Value: 1})
	setDefaultPointer(&u.MinReady, Duration(2*time.Second))
	setDefault(&u.ProgressDeadline, Duration(10*time.Minute))
	setDefaultPointer(&u.MaxFailures, 1)
	setDefault(&u.OnFailure, OnFailurePause)
}

func defaultRestart(r *Restart) {
	setDefault(&r.InitialBackoff, Duration(time.Second))
	setDefault(&r.MaxBackoff, Duration(5*time.Minute))
	setDefault(&r.ResetAfter, Duration(10*time.Minute))
	setDefaultPointer(&r.KeepFailed, 3)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func setDefaultPointer[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
