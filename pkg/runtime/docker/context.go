package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// defaultContext is the docker command's name for having none.
const defaultContext = "default"

func (r resolver) configDir() string {
	if dir := r.env("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(r.home, ".docker")
}

func (r resolver) configFile() string { return filepath.Join(r.configDir(), "config.json") }

// currentContext is the name of the context in use, "" for none.
func (r resolver) currentContext() (string, error) {
	var config struct{ CurrentContext string }
	err := readJSON(r.configFile(), &config)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("docker's configuration: %w; repair it, or name the engine with --host", err)
	}
	if config.CurrentContext == defaultContext {
		return "", nil
	}
	return config.CurrentContext, nil
}

// context reads a context from where the docker command keeps it: directories
// named by the hash of its name.
func (r resolver) context(name, reason string) (Endpoint, error) {
	if name == defaultContext {
		return r.defaultSocket(), nil
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	err := readJSON(filepath.Join(r.configDir(), "contexts/meta", id, "meta.json"), &meta)
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoint{}, fmt.Errorf("docker context %q (%s) does not exist: see `docker context ls`", name, reason)
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("docker context %q (%s): %w", name, reason, err)
	}
	docker := meta.Endpoints["docker"]
	if docker.Host == "" {
		return Endpoint{}, fmt.Errorf("docker context %q (%s) names no Docker engine: choose another with --context", name, reason)
	}
	endpoint := Endpoint{Host: docker.Host, Reason: fmt.Sprintf("docker context %q, %s", name, reason)}
	files := pemFiles(filepath.Join(r.configDir(), "contexts/tls", id, "docker"))
	files.SkipVerify = docker.SkipTLSVerify
	if files != (TLS{}) {
		endpoint.TLS = &files
	}
	return endpoint, reachable(endpoint)
}

// pemFiles are those of a directory that exist.
func pemFiles(dir string) TLS {
	existing := func(name string) string {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			return ""
		}
		return path
	}
	return TLS{CA: existing("ca.pem"), Cert: existing("cert.pem"), Key: existing("key.pem")}
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
