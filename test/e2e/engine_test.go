//go:build e2e

package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	engines "hal-controller/pkg/runtime/docker"
)

// The labels that the controller is known to put on what it makes.
const (
	labelInstance = "hal/instance"
	labelPool     = "hal/pool"
	labelRole     = "hal/role"
	labelOrdinal  = "hal/ordinal"
)

// engine is a Docker engine as somebody with the docker command sees it, and the
// instance whose objects are looked at.
type engine struct {
	api      *client.Client
	host     string
	instance string
}

// theEngine is the one that the controller would choose.
func theEngine() engine {
	GinkgoHelper()
	endpoint, err := engines.Resolve("", "")
	Expect(err).NotTo(HaveOccurred())
	return engineAt(endpoint.Host)
}

func engineAt(host string) engine {
	GinkgoHelper()
	api, err := client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(api.Close)
	return engine{api: api, host: host}
}

// container is what specs look at of a container.
type container struct {
	ID, Name, Pool, Role string
	Ordinal              int
	Image                string
	State                string
	StartedAt            string
	Memory               int64
	RestartPolicy        string
}

// containers of a pool, of all pools for "", by role, ordinal and name. One that
// goes meanwhile is left out.
func (e engine) containers(pool string) []container {
	GinkgoHelper()
	var found []container
	for _, s := range e.list(pool) {
		c, err := e.api.ContainerInspect(context.Background(), s.ID)
		if errdefs.IsNotFound(err) {
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		ordinal, _ := strconv.Atoi(s.Labels[labelOrdinal])
		found = append(found, container{
			ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Pool: s.Labels[labelPool], Role: s.Labels[labelRole],
			Ordinal: ordinal, Image: c.Config.Image, State: string(c.State.Status), StartedAt: c.State.StartedAt,
			Memory: c.HostConfig.Memory, RestartPolicy: string(c.HostConfig.RestartPolicy.Name),
		})
	}
	slices.SortFunc(found, func(a, b container) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.Name, b.Name))
	})
	return found
}

func (e engine) list(pool string) []docker.Summary {
	GinkgoHelper()
	found, err := e.api.ContainerList(context.Background(), docker.ListOptions{All: true, Filters: e.ours(pool)})
	Expect(err).NotTo(HaveOccurred())
	return found
}

func (e engine) ours(pool string) filters.Args {
	args := filters.NewArgs(filters.Arg("label", labelInstance+"="+e.instance))
	if pool != "" {
		args.Add("label", labelPool+"="+pool)
	}
	return args
}

// workers of a pool, claimed and failed ones too, by ordinal.
func (e engine) workers(pool string) []container {
	GinkgoHelper()
	return slices.DeleteFunc(e.containers(pool), func(c container) bool { return c.Role != "worker" })
}

// container is the one of a name; the zero container where there is none.
func (e engine) container(pool, name string) container {
	GinkgoHelper()
	for _, c := range e.containers(pool) {
		if c.Name == name {
			return c
		}
	}
	return container{}
}

// networks of the instance, by name.
func (e engine) networks(ctx context.Context) []string {
	GinkgoHelper()
	found, err := e.api.NetworkList(ctx, network.ListOptions{Filters: e.ours("")})
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, n := range found {
		names = append(names, n.Name)
	}
	return names
}

// address is a container's own on its pool's network.
func (e engine) address(id string) string {
	GinkgoHelper()
	c, err := e.api.ContainerInspect(context.Background(), id)
	Expect(err).NotTo(HaveOccurred())
	for _, endpoint := range c.NetworkSettings.Networks {
		return endpoint.IPAddress
	}
	return ""
}

// run runs a shell's words in a container, and returns its exit code and output.
func (e engine) run(id, script string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	created, err := e.api.ContainerExecCreate(ctx, id, docker.ExecOptions{
		Cmd: []string{"bash", "-c", script}, AttachStdout: true, AttachStderr: true,
	})
	Expect(err).NotTo(HaveOccurred())
	stream, err := e.api.ContainerExecAttach(ctx, created.ID, docker.ExecAttachOptions{})
	Expect(err).NotTo(HaveOccurred())
	defer stream.Close()
	var out, errOut bytes.Buffer
	_, err = stdcopy.StdCopy(&out, &errOut, stream.Reader)
	Expect(err).NotTo(HaveOccurred())
	ended, err := e.api.ContainerExecInspect(ctx, created.ID)
	Expect(err).NotTo(HaveOccurred())
	return outcome{ended.ExitCode, out.String(), errOut.String()}
}

// reach says how a container's connection to an address ends: 0 when it is made.
func (e engine) reach(id, host, port string) outcome {
	GinkgoHelper()
	return e.run(id, "timeout 3 bash -c 'exec 3<>/dev/tcp/"+host+"/"+port+"'")
}

// visit says what the parent answers a container.
func (e engine) visit(id, host string) string {
	GinkgoHelper()
	return e.run(id, `timeout 3 bash -c 'exec 3<>/dev/tcp/`+host+`/8000 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && cat <&3'`).Out
}
