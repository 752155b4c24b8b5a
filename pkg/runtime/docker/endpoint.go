package docker

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Endpoint is where an engine is, and why there.
type Endpoint struct {
	// Host is an address as the docker command takes it: unix:///path, tcp://host:port.
	Host string
	// Reason says what chose it: "--host", "DOCKER_HOST", "docker context \"colima\"".
	Reason string
	// TLS is nil for a connection without.
	TLS *TLS
}

// String is the address and the reason.
func (e Endpoint) String() string { return e.Host + " (" + e.Reason + ")" }

// TLS says how to trust an engine and be trusted: paths of PEM files, each
// empty where there is none.
type TLS struct {
	CA, Cert, Key string
	SkipVerify    bool
}

// Resolve finds the engine as the docker command does: the host given, the
// context given, DOCKER_HOST, DOCKER_CONTEXT, the current context of the docker
// configuration, or else the first default socket that exists, a rootless
// engine's included. It does not connect. An error is of what was given.
func Resolve(host, context string) (Endpoint, error) {
	home, _ := os.UserHomeDir() // without one, paths below it do not exist
	return resolver{env: os.Getenv, home: home, system: systemSocket}.resolve(host, context)
}

// systemSocket is where an engine of the whole machine listens.
const systemSocket = "/var/run/docker.sock"

// resolver has what Resolve looks at.
type resolver struct {
	env    func(string) string
	home   string
	system string
}

func (r resolver) resolve(host, context string) (Endpoint, error) {
	if host != "" && context != "" {
		return Endpoint{}, errors.New("--host and --context both name an engine: give one of them")
	}
	switch {
	case host != "":
		return r.direct(host, "--host")
	case context != "":
		return r.context(context, "--context")
	case r.env("DOCKER_HOST") != "":
		return r.direct(r.env("DOCKER_HOST"), "DOCKER_HOST")
	case r.env("DOCKER_CONTEXT") != "":
		return r.context(r.env("DOCKER_CONTEXT"), "DOCKER_CONTEXT")
	}
	current, err := r.currentContext()
	if err != nil {
		return Endpoint{}, err
	}
	if current != "" {
		return r.context(current, "current in "+r.configFile())
	}
	return r.defaultSocket(), nil
}

// direct takes the certificates that the environment names, as the docker
// command does.
func (r resolver) direct(host, reason string) (Endpoint, error) {
	endpoint := Endpoint{Host: host, Reason: reason}
	if !strings.Contains(host, "://") {
		endpoint.Host = "tcp://" + host
	}
	if strings.HasPrefix(host, "tcp:") || endpoint.Host != host {
		endpoint.TLS = r.envTLS()
	}
	return endpoint, reachable(endpoint)
}

func (r resolver) envTLS() *TLS {
	verify, dir := r.env("DOCKER_TLS_VERIFY") != "", r.env("DOCKER_CERT_PATH")
	if !verify && dir == "" {
		return nil
	}
	t := pemFiles(cmp.Or(dir, r.configDir()))
	t.SkipVerify = !verify
	return &t
}

// reachable refuses what the Docker client cannot speak.
func reachable(endpoint Endpoint) error {
	if strings.HasPrefix(endpoint.Host, "ssh://") {
		return fmt.Errorf("engine at %s: ssh is not supported: forward the socket, "+
			"`ssh -L /tmp/docker.sock:/var/run/docker.sock HOST`, and use --host unix:///tmp/docker.sock", endpoint)
	}
	return nil
}

// defaultSocket is the system's where no socket exists: that is where an engine
// will appear.
func (r resolver) defaultSocket() Endpoint {
	sockets := []string{r.system}
	if dir := r.env("XDG_RUNTIME_DIR"); dir != "" {
		sockets = append(sockets, filepath.Join(dir, "docker.sock"))
	}
	if r.home != "" {
		sockets = append(sockets,
			filepath.Join(r.home, ".docker/run/docker.sock"),
			filepath.Join(r.home, ".docker/desktop/docker.sock"))
	}
	for i, socket := range sockets {
		if _, err := os.Stat(socket); err != nil {
			continue
		}
		if i == 0 {
			return Endpoint{Host: "unix://" + socket, Reason: "the default socket"}
		}
		return Endpoint{Host: "unix://" + socket, Reason: "the first default socket that exists"}
	}
	return Endpoint{Host: "unix://" + r.system, Reason: "the default; no socket at " + strings.Join(sockets, ", ")}
}
