//go:build e2e

package faults_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// deaths are the ends of processes.
func deaths() []injury {
	return []injury{
		{"kill -9 of the parent", func(w *world) { w.kill(w.only("parent")) }},
		{"kill -9 of the sandbox", func(w *world) { w.kill(w.only("sandbox")) }},
		{"kill -9 of a worker", func(w *world) { w.kill(w.warm(w.main)[0].ID) }},
		{"kill -9 of a claimed worker", hurt((*world).kill, kept)},
		{"kill -9 of the parent's shim", func(w *world) { w.killShim(w.only("parent")) }},
		{"kill -9 of the sandbox's shim", func(w *world) { w.killShim(w.only("sandbox")) }},
		{"kill -9 of a worker's shim", func(w *world) { w.killShim(w.warm(w.main)[0].ID) }},
		{"kill -9 of a claimed worker's shim", hurt((*world).killShim, kept)},
	}
}

// only is the pool's one container of a role.
func (w *world) only(role string) string {
	GinkgoHelper()
	var ids []string
	for _, c := range w.containers() {
		if c.Labels[labelRole] == role && c.Labels[labelPool] == w.main {
			ids = append(ids, c.ID)
		}
	}
	Expect(ids).To(HaveLen(1), role)
	return ids[0]
}

// killShim kills the process that is between the engine and a container's own, which
// ends with it as soon as the engine notices.
func (w *world) killShim(id string) {
	GinkgoHelper()
	before := w.startedAt(id)
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	Expect(err).NotTo(HaveOccurred())
	for _, line := range lines {
		content, err := os.ReadFile(line)
		if err != nil {
			continue // it has ended
		}
		words := bytes.Split(content, []byte{0})
		if !strings.Contains(string(words[0]), "containerd-shim") || !bytes.Contains(content, []byte(id)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
		Expect(err).NotTo(HaveOccurred())
		Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed())
		Eventually(func() string { return w.startedAt(id) }).ShouldNot(Equal(before))
		return
	}
	Fail("container " + id + " has no shim here")
}
