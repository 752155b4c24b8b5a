package claim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// maxSecret is the most bytes of one secret: they are keys and not archives.
const maxSecret = 1 << 20

// envFile is where the variables of a claim are kept: in the worker, and nowhere else.
const envFile = reconcile.SecretsDir + "/.env"

// private is what a worker is given that nobody else may see. It is in the memory of
// this process, on its way, and in a file system in memory that is the worker's.
type private struct {
	env   map[string]string
	files map[string][]byte // by path in the worker
}

func (p private) empty() bool { return len(p.env) == 0 && len(p.files) == 0 }

// privateOf collects what a claim brings and what its pool's template has.
func privateOf(pool *spec.Pool, r Request) (private, error) {
	p := private{env: r.Env, files: map[string][]byte{}}
	for _, s := range pool.Spec.Workers.Template.Secrets {
		content, err := readSecret(s.File)
		if err != nil {
			return p, fmt.Errorf("secret %q of pool %q: %w", s.Name, r.Pool, err)
		}
		p.files[s.Target] = content
	}
	for name, content := range r.Secrets {
		if problem := spec.CheckSecretName(name); problem != "" {
			return p, refuse("name of the secret: %s", problem)
		}
		if len(content) > maxSecret {
			return p, refuse("secret %q has %d bytes: at most %d", name, len(content), maxSecret)
		}
		p.files[path.Join(reconcile.SecretsDir, name)] = content
	}
	for name, value := range p.env {
		if !isVariable(name) || strings.Contains(value, "\x00") {
			return p, refuse("%q is no variable: its name has letters, digits and underscores, and its value no NUL", name)
		}
	}
	return p, nil
}

func readSecret(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(content) > maxSecret {
		err = fmt.Errorf("%s is larger than %d bytes", file, maxSecret)
	}
	return content, err
}

func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// receive takes files from its input, "SIZE PATH" and the content of each, and makes
// them readable by the worker's user alone. One that is there already is replaced.
const receive = `umask 377
while read -r size path; do
	mkdir -p "${path%/*}" && rm -f "$path" && head -c "$size" >"$path" || exit 1
done`

// deliver gives a worker what is private to its claim, over the input of a process in
// it: the engine knows nothing of it.
func (c *Claims) deliver(ctx context.Context, worker string, p private) error {
	if p.empty() {
		return nil
	}
	spec := runtime.SessionSpec{Command: []string{"sh", "-c", receive}}
	code, complaint, err := runtime.Run(ctx, c.Sessions, worker, spec, bytes.NewReader(p.parcel()), io.Discard)
	if err != nil {
		return fmt.Errorf("deliver its secrets: %w", err)
	}
	if code != 0 {
		return fmt.Errorf("deliver its secrets: ended with code %d: %q; its image needs sh, mkdir, rm and head", code, complaint)
	}
	return nil
}

// remember keeps what was delivered for when the worker is started again, which
// empties its memory.
func (c *Claims) remember(claim string, p private) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !p.empty() {
		c.private[claim] = p
	}
}

// redeliver gives a worker that was started again what it had.
func (c *Claims) redeliver(ctx context.Context, r Record) error {
	c.mu.Lock()
	p, known := c.private[r.Name]
	c.mu.Unlock()
	if !known {
		if r.Env || r.Secrets {
			return errors.New("its variables and secrets went with its memory, and this controller has not seen them: claim it anew")
		}
		return nil
	}
	return c.deliver(ctx, r.Worker, p)
}

// parcel is what receive reads.
func (p private) parcel() []byte {
	files := maps.Clone(p.files)
	if files == nil {
		files = map[string][]byte{}
	}
	if len(p.env) > 0 {
		files[envFile] = exports(p.env)
	}
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&out, "%d %s\n", len(files[name]), name)
		out.Write(files[name])
	}
	return out.Bytes()
}

// exports are variables as a shell reads them.
func exports(env map[string]string) []byte {
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&out, "export %s='%s'\n", name, strings.ReplaceAll(env[name], "'", `'\''`))
	}
	return out.Bytes()
}

// WithEnv is a command that has the variables of its claim, as far as its user may
// read them.
func (r Record) WithEnv(command []string) []string {
	if !r.Env {
		return command
	}
	return append([]string{"sh", "-c", `[ ! -r ` + envFile + ` ] || . ` + envFile + `; exec "$@"`, "hal"}, command...)
}
