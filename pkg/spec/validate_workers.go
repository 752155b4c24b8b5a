package spec

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

func (c *checker) workers(s PoolSpec) {
	w := s.Workers
	c.workerCounts(w)
	c.word("spec.workers.onEmpty", w.OnEmpty, string(w.OnEmpty))
	c.template("spec.workers.template", w.Template, s.Volumes)
	c.update("spec.workers.update", w.Update)
	c.restart("spec.workers.restart", w.Restart)
	l := w.Lifetime
	c.notNegative("spec.workers.lifetime.warmMaxAge", l.WarmMaxAge)
	c.notNegative("spec.workers.lifetime.claimTTL", l.ClaimTTL)
	if l.ClaimIdleTimeout != 0 && l.ClaimIdleTimeout < minIdle {
		c.add("spec.workers.lifetime.claimIdleTimeout", "%s: at least %s, or 0 for never", l.ClaimIdleTimeout, minIdle)
	}
}

func (c *checker) workerCounts(w Workers) {
	if !c.between("spec.workers.warm", w.Warm, 0, maxWorkers) || w.Max == nil || !c.between("spec.workers.max", *w.Max, 0, maxWorkers) {
		return
	}
	if *w.Max < w.Warm {
		c.add("spec.workers.max", "%d is below spec.workers.warm, %d: raise max or lower warm", *w.Max, w.Warm)
	}
}

func (c *checker) template(at string, t WorkerTemplate, declared []Volume) {
	c.image(at+".image", t.Image)
	c.user(at+".user", t.User)
	c.env(at+".env", t.Env)
	c.labels(at+".labels", t.Labels)
	c.resources(at+".resources", t.Resources)
	c.security(at+".security", t.Security)
	c.stop(at, t.StopSignal, t.StopGracePeriod)
	c.probe(at+".readiness", t.Readiness)
	if t.Warmup != nil {
		c.command(at+".warmup.exec", t.Warmup.Exec)
		c.positive(at+".warmup.timeout", t.Warmup.Timeout)
	}
	targets := map[string]string{}
	c.workspace(at+".workspace", t.Workspace, targets) // first: its target may be a default
	c.mounts(at+".volumes", t.Volumes, declared, targets)
	c.secrets(at+".secrets", t.Secrets, targets)
}

func (c *checker) workspace(at string, w Workspace, targets map[string]string) {
	c.word(at+".mode", w.Mode, string(w.Mode))
	if w.Mode != WorkspaceNone {
		c.target(at+".target", w.Target, targets)
	}
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)

const secretNameRule = "%.80q: it must be 1 to 63 letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit"

func (c *checker) secrets(at string, secrets []Secret, targets map[string]string) {
	names := map[string]string{}
	for i, s := range secrets {
		item := itemPath(at, i)
		if !secretName.MatchString(s.Name) {
			c.add(item+".name", secretNameRule, s.Name)
			continue
		}
		c.unique(names, item+".name", "name", s.Name)
		c.secretFile(item+".file", s.File)
		c.target(item+".target", s.Target, targets)
		if !strings.HasPrefix(path.Clean(s.Target), SecretsDir+"/") {
			c.add(item+".target", "%q: it must be below %s, which is in memory: elsewhere a secret would be written to disk", s.Target, SecretsDir+"/")
		}
	}
}

var engineSockets = []string{"docker.sock", "containerd.sock", "podman.sock"}

func (c *checker) secretFile(at, file string) {
	switch {
	case file == "":
		c.add(at, "must not be empty")
	case slices.Contains(engineSockets, path.Base(file)):
		c.add(at, "%q is a container engine's socket: no worker gets one", file)
	default:
		c.absolute(at, file)
	}
}

func (c *checker) update(at string, u Update) {
	if u.MaxUnavailable != nil && u.MaxSurge != nil && u.MaxUnavailable.Value == 0 && u.MaxSurge.Value == 0 {
		c.add(at+".maxUnavailable", "is 0, and so is maxSurge: a rollout could never move; raise one of them")
	}
	if u.MinReady != nil {
		c.notNegative(at+".minReady", *u.MinReady)
	}
	if u.MaxFailures != nil {
		c.between(at+".maxFailures", *u.MaxFailures, 0, maxWorkers)
	}
	c.positive(at+".progressDeadline", u.ProgressDeadline)
	c.word(at+".onFailure", u.OnFailure, string(u.OnFailure))
}

func (c *checker) restart(at string, r Restart) {
	initial, longest := c.positive(at+".initialBackoff", r.InitialBackoff), c.positive(at+".maxBackoff", r.MaxBackoff)
	if initial && longest && r.InitialBackoff > r.MaxBackoff {
		c.add(at+".initialBackoff", "%s is above maxBackoff, %s", r.InitialBackoff, r.MaxBackoff)
	}
	if reset := c.positive(at+".resetAfter", r.ResetAfter); reset && longest && r.ResetAfter <= r.MaxBackoff {
		c.add(at+".resetAfter", "%s is not above maxBackoff, %s: the series of failures would end while its backoff lasts", r.ResetAfter, r.MaxBackoff)
	}
	if r.KeepFailed != nil {
		c.between(at+".keepFailed", *r.KeepFailed, 0, maxWorkers)
	}
}

func (c *checker) between(at string, n, low, high int) bool {
	switch {
	case n < low:
		c.add(at, "%d: it must be at least %d", n, low)
	case n > high:
		c.add(at, "%d: it must be at most %d", n, high)
	default:
		return true
	}
	return false
}

func (c *checker) positive(at string, d Duration) bool {
	if d <= 0 {
		c.add(at, "%s: it must be above 0", d)
		return false
	}
	return true
}

func (c *checker) notNegative(at string, d Duration) {
	if d < 0 {
		c.add(at, "%s: it must not be negative", d)
	}
}

// minIdle is two looks at what a claimed worker does, and thus time for a warning.
const minIdle = Duration(20 * time.Second)

const minPeriod = Duration(100 * time.Millisecond)
