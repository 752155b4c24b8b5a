package spec

import (
	_ "crypto/sha256" // or reference finds every digest's algorithm unknown
	"regexp"
	"strings"

	"github.com/distribution/reference"
	"golang.org/x/sys/unix"
)

// minMemory is the engine's own.
const minMemory Memory = 6 << 20

func (c *checker) service(at string, s Service, declared []Volume) {
	c.image(at+".image", s.Image)
	c.user(at+".user", s.User)
	c.env(at+".env", s.Env)
	c.labels(at+".labels", s.Labels)
	c.resources(at+".resources", s.Resources)
	c.security(at+".security", s.Security)
	c.stop(at, s.StopSignal, s.StopGracePeriod)
	c.probe(at+".readiness", s.Readiness)
	c.mounts(at+".volumes", s.Volumes, declared, map[string]string{})
	for i, v := range s.Volumes {
		if v.Scope == ScopeUser {
			c.add(itemPath(at+".volumes", i)+".scope", "user is for workers: a service belongs to everybody")
		}
	}
}

// The engine takes what stands before the first slash for a registry if it has
// an upper-case letter, and then looks for that host.
var upperCaseRepository = regexp.MustCompile(`^[^/.:]*[A-Z][^/.:]*/`)

func (c *checker) image(at, image string) {
	if image == "" {
		c.add(at, "must not be empty")
		return
	}
	if upperCaseRepository.MatchString(image) {
		c.add(at, "%.80q is no image reference: repository names are lower case", image)
		return
	}
	if _, err := reference.ParseAnyReference(image); err != nil {
		c.add(at, "%.80q is no image reference: %s", image, err)
	}
}

var userPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,62})?$`)

func (c *checker) user(at, user string) {
	if user != "" && !userPattern.MatchString(user) {
		c.add(at, `%.80q is no user: write it as "1001", "1001:1001" or a name`, user)
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func (c *checker) env(at string, env []EnvVar) {
	names := map[string]string{}
	for i, e := range env {
		path := itemPath(at, i) + ".name"
		if !envName.MatchString(e.Name) {
			c.add(path, "%.80q is no name of a variable: letters, digits and _, and no digit first", e.Name)
			continue
		}
		c.unique(names, path, "name", e.Name)
	}
}

var labelName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$`)

func (c *checker) labels(at string, labels map[string]string) {
	for _, name := range sortedKeys(labels) {
		path := keyPath(at, name)
		switch {
		case strings.HasPrefix(strings.ToLower(name), ReservedLabelPrefix):
			c.add(path, "the prefix %s is the controller's own: choose another name", ReservedLabelPrefix)
		case !labelName.MatchString(name):
			c.add(path, "it must be 1 to 253 letters, digits, dots, hyphens, underscores and slashes, and begin and end with a letter or digit")
		}
	}
}

func (c *checker) resources(at string, r Resources) {
	if r.CPU <= 0 {
		c.add(at+".cpu", "%s: it must be above 0", r.CPU)
	}
	if r.Memory < minMemory {
		c.add(at+".memory", "%s: the engine's least is %s", r.Memory, minMemory)
	}
	if r.Pids < 1 {
		c.add(at+".pids", "%d: it must be at least 1", r.Pids)
	}
}

var realTimeSignal = regexp.MustCompile(`^SIGRT(MIN(\+[1-9][0-9]?)?|MAX(-[1-9][0-9]?)?)$`)

func (c *checker) stop(at, signal string, grace Duration) {
	if unix.SignalNum(signal) == 0 && !realTimeSignal.MatchString(signal) {
		c.add(at+".stopSignal", "%.40q is no signal%s", signal, c.hint(signal, stopSignals))
	}
	c.positive(at+".stopGracePeriod", grace)
}

// The signals that programs are usually asked to stop with, to suggest from.
var stopSignals = []string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH"}

func (c *checker) command(at string, command []string) {
	if len(command) == 0 || command[0] == "" {
		c.add(at, "must name a command, as [test, -f, /tmp/ready]")
	}
}

func (c *checker) probe(at string, p *Probe) {
	if p == nil {
		return
	}
	given := 0
	if p.Exec != nil {
		given++
		c.command(at+".exec", p.Exec)
	}
	if p.HTTPGet != nil {
		given++
		c.between(at+".httpGet.port", p.HTTPGet.Port, 1, 65535)
		if !strings.HasPrefix(p.HTTPGet.Path, "/") || strings.ContainsAny(p.HTTPGet.Path, " \t\r\n") {
			c.add(at+".httpGet.path", "%.80q: it must begin with a slash and have no blanks", p.HTTPGet.Path)
		}
	}
	if p.TCPSocket != nil {
		given++
		c.between(at+".tcpSocket.port", p.TCPSocket.Port, 1, 65535)
	}
	if given != 1 {
		c.add(at, "needs exactly one of exec, httpGet and tcpSocket, and has %d", given)
	}
	if p.Period < minPeriod {
		c.add(at+".period", "%s: it must be at least %s", p.Period, minPeriod)
	}
	c.positive(at+".timeout", p.Timeout)
	c.positive(at+".startupTimeout", p.StartupTimeout)
	if p.FailureThreshold < 1 {
		c.add(at+".failureThreshold", "%d: it must be at least 1", p.FailureThreshold)
	}
}
