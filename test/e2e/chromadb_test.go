//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/client"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

const chromaImage = "hal/parent"

// withChroma gives a pool a ChromaDB whose data is on a volume.
func withChroma(p *spec.Pool) {
	p.Spec.Parent = &spec.Service{
		Image: chromaImage, Resources: spec.Resources{CPU: 2000, Memory: 1 << 30, Pids: 200},
		Readiness: &spec.Probe{HTTPGet: &spec.HTTPGet{Port: 8000, Path: "/api/v2/heartbeat"}},
		Volumes:   []spec.VolumeMount{{Name: "chromadb", Target: "/data/chromadb"}},
	}
	p.Spec.Volumes = []spec.Volume{{Name: "chromadb"}}
}

// upgrade makes the controller replace a pool's parent.
func upgrade(p *spec.Pool) {
	p.Spec.Parent.Env = append(p.Spec.Parent.Env, spec.EnvVar{Name: "UPGRADED", Value: "yes"})
}

var _ = Describe("ChromaDB as a pool's parent", func() {
	It("shares one collection among workers from before and after its upgrade", func() {
		w := newWorld()
		p := w.pool("chroma", 1)
		withChroma(p)
		w.start(w.write("pool.yaml", p))
		before := w.settle(p.Metadata.Name, 1)[0]
		Expect(w.chroma(before.ID, "POST", "", `{"name": "notes"}`)).To(exitWith(0))
		Expect(w.addTo("notes", before.ID, "before", "[1, 0, 0]")).To(exitWith(0))

		upgrade(p)
		p.Spec.Workers.Warm = 2
		w.edit("pool.yaml", p)
		workers := w.settle(p.Metadata.Name, 2)
		Expect(workers).To(ContainElement(before), "it has not been touched")
		for _, worker := range workers {
			if worker.ID != before.ID {
				Expect(w.addTo("notes", worker.ID, "after", "[0, 1, 0]")).To(exitWith(0))
			}
		}
		for _, worker := range workers {
			Expect(w.nearestIn("notes", worker.ID, "[1, 0, 0]")).To(Equal("before"))
			Expect(w.nearestIn("notes", worker.ID, "[0, 1, 0]")).To(Equal("after"))
		}
	})

	It("keeps each embedding that it has acknowledged, when it is killed, when the engine restarts and when it is upgraded", func(ctx SpecContext) {
		own := newOwnEngine()
		own.loadFrom(ctx, theEngine().api, chromaImage)
		w := newWorldOn(own.seen)
		p := w.pool("durable", 1)
		withChroma(p)
		// From here the network of that engine cannot be reached.
		p.Spec.Parent.Readiness = &spec.Probe{Exec: []string{"bash", "-c", "exec 3<>/dev/tcp/localhost/8000"}}
		// A worker that has Node.js for the writer.
		p.Spec.Workers.Template.Image = chromaImage
		p.Spec.Workers.Template.Command = []string{"sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"}
		p.Spec.Workers.Template.Resources.Memory = 512 << 20
		w.start(w.write("pool.yaml", p))
		worker := w.settle(p.Metadata.Name, 1)[0]
		name := "hal-" + p.Metadata.Name + "-parent"

		By("a thousand are written while it is killed at random moments")
		written := make(chan outcome, 1)
		go func() {
			defer GinkgoRecover()
			written <- w.runJS(worker.ID, "write.mjs")
		}()
		// The controller waits longer before each next start of what ends so soon.
		const kills = 3
		for range kills {
			Eventually(func() string { return w.container(p.Metadata.Name, name).State }).Should(Equal("running"))
			time.Sleep(time.Duration(rand.IntN(800)) * time.Millisecond)
			Expect(written).NotTo(Receive(), "it was killed while it wrote")
			Expect(w.api.ContainerKill(ctx, w.container(p.Metadata.Name, name).ID, "KILL")).To(Succeed())
		}
		var result outcome
		Eventually(written).WithTimeout(time.Minute).Should(Receive(&result))
		Expect(result).To(exitWith(0), "%s", result.Err)
		acknowledged := strings.Fields(result.Out)
		Expect(acknowledged).To(HaveLen(1000))

		hasAll := func() {
			GinkgoHelper()
			worker := w.settle(p.Metadata.Name, 1)[0]
			found := w.runJS(worker.ID, "read.mjs")
			Expect(found).To(exitWith(0), "%s", found.Err)
			Expect(strings.Fields(found.Out)).To(ContainElements(acknowledged))
		}
		hasAll()
		By("the engine is restarted")
		own.stop(syscall.SIGTERM)
		own.start()
		own.await()
		hasAll()
		By("the engine is killed")
		own.stop(syscall.SIGKILL)
		own.start()
		own.await()
		hasAll()
		By("it is upgraded")
		upgrade(p)
		w.edit("pool.yaml", p)
		hasAll()
	})

	It("ends before its grace is over, at the signal that its image names", func() {
		w := newWorld()
		p := w.pool("signal", 0)
		withChroma(p)
		grace := spec.Duration(20 * time.Second)
		p.Spec.Parent.StopGracePeriod = grace
		w.start(w.write("pool.yaml", p))
		w.awaitCondition(p.Metadata.Name, spec.ConditionReady, "True", spec.ReasonMinimumWarm)
		before := w.container(p.Metadata.Name, "hal-"+p.Metadata.Name+"-parent")

		began := time.Now()
		Expect(w.hal("delete", "pool", p.Metadata.Name, "--wait")).To(exitWith(0))
		Expect(time.Since(began)).To(BeNumerically("<", time.Duration(grace)), "it was not killed at the end of its grace")
		Expect(w.containers(p.Metadata.Name)).NotTo(ContainElement(before))
	})
})

// chroma makes a request of the collections' API from inside a worker.
func (w *world) chroma(worker, method, path, body string) outcome {
	GinkgoHelper()
	return w.run(worker, fmt.Sprintf(`curl -sS --fail-with-body --retry 20 --retry-delay 1 --retry-connrefused -X %s -H 'Content-Type: application/json' -d '%s' `+
		`localhost:8000/api/v2/tenants/default_tenant/databases/default_database/collections%s`, method, body, path))
}

func (w *world) collection(name, worker string) string {
	GinkgoHelper()
	answer := w.run(worker, `curl -sS localhost:8000/api/v2/tenants/default_tenant/databases/default_database/collections/`+name+` | jq -r .id`)
	Expect(answer).To(exitWith(0), "%s", answer.Err)
	return strings.TrimSpace(answer.Out)
}

func (w *world) addTo(collection, worker, id, embedding string) outcome {
	GinkgoHelper()
	return w.chroma(worker, "POST", "/"+w.collection(collection, worker)+"/add",
		fmt.Sprintf(`{"ids": [%q], "embeddings": [%s], "documents": [%q]}`, id, embedding, id))
}

func (w *world) nearestIn(collection, worker, embedding string) string {
	GinkgoHelper()
	answer := w.chroma(worker, "POST", "/"+w.collection(collection, worker)+"/query",
		fmt.Sprintf(`{"query_embeddings": [%s], "n_results": 1, "include": ["documents"]}`, embedding))
	Expect(answer).To(exitWith(0), "%s", answer.Out)
	_, ids, _ := strings.Cut(answer.Out, `"ids":[["`)
	id, _, _ := strings.Cut(ids, `"`)
	return id
}

// runJS runs a script of testdata with a container's Node.js.
func (w *world) runJS(id, name string) outcome {
	GinkgoHelper()
	script, err := os.ReadFile(filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	return w.run(id, "node --input-type=module - <<'SCRIPT'\n"+string(script)+"\nSCRIPT")
}

// loadFrom copies an image from another engine.
func (e *ownEngine) loadFrom(ctx context.Context, other *client.Client, image string) {
	GinkgoHelper()
	saved, err := other.ImageSave(ctx, []string{image})
	Expect(err).NotTo(HaveOccurred())
	defer saved.Close()
	loaded, err := e.seen.api.ImageLoad(ctx, saved)
	Expect(err).NotTo(HaveOccurred())
	defer loaded.Body.Close()
	_, err = io.Copy(io.Discard, loaded.Body)
	Expect(err).NotTo(HaveOccurred())
}
