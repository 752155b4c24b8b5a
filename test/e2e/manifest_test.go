//go:build e2e

package e2e_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// pool is the manifest of a small pool of this world's own.
func (w *world) pool(name string, warm int) *spec.Pool {
	p := &spec.Pool{APIVersion: spec.APIVersion, Kind: spec.KindPool}
	p.Metadata.Name = name + "-" + w.id
	p.Spec.Workers.Warm = warm
	p.Spec.Workers.Template = spec.WorkerTemplate{Image: workerImage, Resources: small()}
	minReady := spec.Duration(0)
	p.Spec.Workers.Update.MinReady = &minReady
	w.pools = append(w.pools, p.Metadata.Name)
	return p
}

// withParent gives a pool a parent that serves on port 8000, and the host a port
// to reach it at.
func withParent(p *spec.Pool) (hostPort string) {
	GinkgoHelper()
	hostPort = freePort()
	p.Spec.Parent = &spec.Service{
		Image: parentImage, Resources: small(), Ports: []string{"127.0.0.1:" + hostPort + ":8000"},
		Readiness: &spec.Probe{HTTPGet: &spec.HTTPGet{Port: 8000, Path: "/api/v2/heartbeat"}},
	}
	return hostPort
}

func small() spec.Resources {
	return spec.Resources{CPU: 1000, Memory: 64 << 20, Pids: 50}
}

// freePort is a port of this host that nothing listens on.
func freePort() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// text is manifests as a file has them.
func text(pools ...*spec.Pool) []byte {
	GinkgoHelper()
	var documents [][]byte
	for _, p := range pools {
		document, err := spec.Marshal(p)
		Expect(err).NotTo(HaveOccurred())
		documents = append(documents, document)
	}
	return bytes.Join(documents, []byte("---\n"))
}

// write puts manifests into a file of the directory, in place, and returns its path.
func (w *world) write(name string, pools ...*spec.Pool) string {
	GinkgoHelper()
	return w.writeText(name, text(pools...))
}

// edit writes one pool's manifest, and waits until the controller has read it.
func (w *world) edit(name string, p *spec.Pool) {
	GinkgoHelper()
	before := w.status(p.Metadata.Name).ObservedGeneration
	w.write(name, p)
	Eventually(func() int64 { return w.status(p.Metadata.Name).ObservedGeneration }).Should(BeNumerically(">", before))
}

func (w *world) writeText(name string, content []byte) string {
	GinkgoHelper()
	path := filepath.Join(w.dir, name)
	Expect(os.WriteFile(path, content, 0o644)).To(Succeed())
	return path
}

func pointer[T any](v T) *T { return &v }
