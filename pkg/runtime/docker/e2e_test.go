//go:build e2e

package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/contract"
)

// run is a real engine with this run's own instance and image. What is foreign
// to the instance carries labelRun: all of both is removed at the end.
type run struct {
	engine   *Engine
	instance string
	image    string
	// shellImage is the base image with the tool.
	shellImage string
	specs      int
}

const labelRun = "hal-test.run"

// baseImage is one that `make images` makes.
const baseImage = "hal/base"

var r *run

var _ = BeforeSuite(func(ctx SpecContext) {
	r = begin(ctx)
	DeferCleanup(func(ctx SpecContext) { r.end(ctx) })
})

var _ = Describe("The Docker engine", func() {
	contract.Specs(func() contract.Fixture { return r.fixture(context.Background()) })
})

// begin connects to the engine that the environment names and gives it the image.
func begin(ctx context.Context) *run {
	GinkgoHelper()
	id := strings.ToLower(rand.Text()[:8])
	r := &run{instance: "test-" + id, image: "hal-test/tool:" + id}
	tool := filepath.Join(GinkgoT().TempDir(), "tool")
	build := exec.CommandContext(ctx, "go", "build", "-o", tool, "hal-controller/pkg/runtime/contract/testdata/tool")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	r.engine = newEngine(r.instance, WithPauseBinary(tool))
	Expect(r.engine.Ping(ctx)).To(Succeed())
	Expect(r.engine.importFile(ctx, tool, "tool", r.image, nil)).To(Succeed())
	r.shellImage = r.build(ctx, "FROM "+baseImage, "COPY --from=0 /tool /tool")
	if _, err := r.engine.Image(ctx, runtime.PauseImage); err != nil {
		DeferCleanup(func(ctx SpecContext) { r.removeImage(ctx, runtime.PauseImage) })
	}
	return r
}

func newEngine(instance string, options ...Option) *Engine {
	GinkgoHelper()
	endpoint, err := Resolve("", "")
	Expect(err).NotTo(HaveOccurred())
	engine, err := New(endpoint, instance, options...)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(engine.Close)
	return engine
}

// fixture gives each spec names of its own.
func (r *run) fixture(ctx context.Context) contract.Fixture {
	GinkgoHelper()
	r.specs++
	unreachable, err := New(Endpoint{Host: "unix:///nowhere/docker.sock", Reason: "a test"}, r.instance)
	Expect(err).NotTo(HaveOccurred())
	api := r.engine.client
	foreign := map[string]string{labelRun: r.instance}
	succeed := func(err error) {
		GinkgoHelper()
		Expect(err).NotTo(HaveOccurred())
	}
	return contract.Fixture{
		Runtime: r.engine, Store: r.engine, Sessions: r.engine, Unreachable: unreachable,
		Prefix: r.instance + "-" + strconv.Itoa(r.specs) + "-", Image: r.image, ShellImage: r.shellImage,
		ForeignContainer: func(name string) {
			_, err := api.ContainerCreate(ctx, &container.Config{Image: r.image, Cmd: []string{"/tool"}, Labels: foreign},
				&container.HostConfig{}, nil, nil, name)
			succeed(err)
		},
		ForeignNetwork: func(name string) {
			_, err := api.NetworkCreate(ctx, name, network.CreateOptions{Labels: foreign})
			succeed(err)
		},
		ForeignVolume: func(name string) {
			_, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: foreign})
			succeed(err)
		},
		TagImage: func(ref string) {
			succeed(api.ImageTag(ctx, r.image, ref))
			DeferCleanup(func(ctx SpecContext) { r.removeImage(ctx, ref) })
		},
		Pause:   func(id string) { succeed(api.ContainerPause(ctx, id)) },
		Restart: func(id string) { succeed(api.ContainerRestart(ctx, id, container.StopOptions{})) },
		RestartAlways: func(id string) {
			_, err := api.ContainerUpdate(ctx, id, container.UpdateConfig{
				RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyAlways},
			})
			succeed(err)
		},
	}
}

// end removes what specs left behind, by label.
func (r *run) end(ctx context.Context) {
	GinkgoHelper()
	api := r.engine.client
	for _, label := range []string{labelInstance + "=" + r.instance, labelRun + "=" + r.instance} {
		left := filters.NewArgs(filters.Arg("label", label))
		containers, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: left})
		Expect(err).NotTo(HaveOccurred())
		for _, c := range containers {
			Expect(r.engine.Remove(ctx, c.ID)).To(Succeed())
		}
		_, err = api.NetworksPrune(ctx, left)
		Expect(err).NotTo(HaveOccurred())
		volumes, err := api.VolumeList(ctx, volume.ListOptions{Filters: left})
		Expect(err).NotTo(HaveOccurred())
		for _, v := range volumes.Volumes {
			Expect(api.VolumeRemove(ctx, v.Name, true)).To(Succeed())
		}
	}
	images, err := r.engine.ListImages(ctx)
	Expect(err).NotTo(HaveOccurred())
	for _, i := range images {
		if strings.HasPrefix(i.Labels["hal-test.prefix"], r.instance+"-") { // built by a spec
			_, err := api.ImageRemove(ctx, i.ID, image.RemoveOptions{Force: true, PruneChildren: true})
			Expect(err).NotTo(HaveOccurred())
		}
	}
	r.removeImage(ctx, r.image)
}

// recipe is an image of the tool's and further instructions.
func (r *run) recipe(instructions ...string) runtime.BuildSpec {
	GinkgoHelper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	text := strings.Join(append([]string{"FROM " + r.image}, instructions...), "\n")
	Expect(archive.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(text))})).To(Succeed())
	_, err := archive.Write([]byte(text))
	Expect(err).NotTo(HaveOccurred())
	Expect(archive.Close()).To(Succeed())
	return runtime.BuildSpec{Context: &buffer, Labels: map[string]string{"hal-test.prefix": r.instance + "-"}}
}

func (r *run) build(ctx context.Context, instructions ...string) (id string) {
	GinkgoHelper()
	id, err := r.engine.BuildImage(ctx, r.recipe(instructions...))
	Expect(err).NotTo(HaveOccurred())
	return id
}

func (r *run) removeImage(ctx context.Context, ref string) {
	GinkgoHelper()
	_, err := r.engine.client.ImageRemove(ctx, ref, image.RemoveOptions{})
	Expect(err).To(Or(Not(HaveOccurred()), Satisfy(errdefs.IsNotFound)), "one that no spec came to make is no matter")
}
