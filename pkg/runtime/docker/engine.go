package docker

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/tlsconfig"

	"hal-controller/pkg/runtime"
)

var _ runtime.Runtime = (*Engine)(nil)

// Engine is a Docker engine as one instance of the controller sees it.
type Engine struct {
	endpoint    Endpoint
	instance    string
	client      *client.Client
	pauseBinary string // path; "": the running program's own

	host   sync.Mutex // guards what is known of the host
	fixed  *system.Info
	shared bool // the engine's memory is this machine's
}

// Option changes how an Engine is made.
type Option func(*Engine)

// WithPauseBinary has ImportPause use the file at path in place of the running
// program.
func WithPauseBinary(path string) Option {
	return func(e *Engine) { e.pauseBinary = path }
}

// New makes an Engine for the objects of an instance. It does not connect: see
// Ping. An error is of the endpoint: an address or certificates that cannot be used.
func New(endpoint Endpoint, instance string, options ...Option) (*Engine, error) {
	// An engine that shuts down takes no new connections at once, but goes on
	// serving those that it has. What it stops would be started again on these,
	// under its hands: one of 20.10 that comes back then finds "task already
	// exists", and can never start that container again.
	transport := &http.Transport{DisableKeepAlives: strings.HasPrefix(endpoint.Host, "unix:")}
	if t := endpoint.TLS; t != nil {
		config, err := tlsconfig.Client(tlsconfig.Options{
			CAFile: t.CA, CertFile: t.Cert, KeyFile: t.Key,
			InsecureSkipVerify: t.SkipVerify, ExclusiveRootPools: true,
		})
		if err != nil {
			return nil, fmt.Errorf("certificates for the engine at %s: %w", endpoint, err)
		}
		transport.TLSClientConfig = config
	}
	c, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithHost(endpoint.Host), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, fmt.Errorf("address of the engine at %s: %w", endpoint, err)
	}
	e := &Engine{endpoint: endpoint, instance: instance, client: c}
	for _, option := range options {
		option(e)
	}
	return e, nil
}

// Close frees the connections. Calls must have ended.
func (e *Engine) Close() error { return e.client.Close() }

// Endpoint is where the engine is and why there.
func (e *Engine) Endpoint() Endpoint { return e.endpoint }

// Ping asks whether the engine answers. ErrUnavailable.
func (e *Engine) Ping(ctx context.Context) error {
	_, err := e.client.Ping(ctx)
	return e.failure(err)
}

// Info is what an engine says of itself.
type Info struct {
	ID            string // survives restarts of the engine
	Name          string // of its host
	Version       string
	APIVersion    string // the newest it speaks
	StorageDriver string
	CgroupVersion string // "1" or "2"
	CgroupDriver  string // "none" where no limits are kept
	Podman        bool   // it is Podman, which speaks Docker's API
	InitBinary    string // empty where none is installed
	Runtimes      []string
	Memory        int64 // bytes
}

// Info asks the engine about itself. ErrUnavailable.
func (e *Engine) Info(ctx context.Context) (Info, error) {
	info, err := e.client.Info(ctx)
	if err != nil {
		return Info{}, e.failure(err)
	}
	version, err := e.ServerVersion(ctx)
	if err != nil {
		return Info{}, err
	}
	out := Info{
		ID: info.ID, Name: info.Name, Version: version.Version, APIVersion: version.API, Podman: version.Podman,
		StorageDriver: info.Driver, CgroupVersion: info.CgroupVersion, CgroupDriver: info.CgroupDriver,
		InitBinary: info.InitBinary, Memory: info.MemTotal,
	}
	for name := range info.Runtimes {
		out.Runtimes = append(out.Runtimes, name)
	}
	slices.Sort(out.Runtimes)
	return out, nil
}

// Version of an engine, and of its API: the newest it speaks.
type Version struct {
	Version, API string
	// Podman says that it is Podman, which speaks Docker's API.
	Podman bool
}

// ServerVersion asks for the engine's version. ErrUnavailable.
func (e *Engine) ServerVersion(ctx context.Context) (Version, error) {
	v, err := e.client.ServerVersion(ctx)
	if err != nil {
		return Version{}, e.failure(err)
	}
	podman := slices.ContainsFunc(v.Components, func(c types.ComponentVersion) bool { return strings.HasPrefix(c.Name, "Podman") })
	return Version{Version: v.Version, API: v.APIVersion, Podman: podman}, nil
}

// EngineID tells engines apart; it survives restarts. ErrUnavailable.
func (e *Engine) EngineID(ctx context.Context) (string, error) {
	info, err := e.fixedInfo(ctx)
	if err != nil {
		return "", err
	}
	return info.ID, nil
}

// fixedInfo is asked for once: of what it says, only what never changes may be
// used.
func (e *Engine) fixedInfo(ctx context.Context) (*system.Info, error) {
	e.host.Lock()
	defer e.host.Unlock()
	if e.fixed != nil {
		return e.fixed, nil
	}
	info, err := e.client.Info(ctx)
	if err != nil {
		return nil, e.failure(err)
	}
	e.fixed, e.shared = &info, e.onThisMachine(&info)
	return e.fixed, nil
}
