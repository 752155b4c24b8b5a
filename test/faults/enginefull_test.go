//go:build e2e

package faults_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// An engine that cannot write makes no worker, and may not give one another name.
var _ = Describe("An engine without room on its disk, with claims held", func() {
	It("has them all, and the pool as declared once there is room", func() {
		data := smallDisk("size=512m")
		e := startEngine("--data-root=" + data)
		id := strings.ToLower(rand.Text()[:6])
		w := newWorldOn(engineAt(e.Host(), "faults-"+id), id, e.Inside()...)
		DeferCleanup(func() {
			if keepUnlessFailed(w) != nil {
				w.end()
			}
		})
		row := results.row("no room in the engine's data root")
		row.runs++
		filler := filepath.Join(data, "filler")
		fill(filler)
		w.killOne()
		Eventually(func() string { return w.hal("why", w.main).Out }).Should(ContainSubstring("no space left on device"))
		row.injected++
		w.claim(w.main, "roomless") // whether it comes about is the engine's to say
		for _, h := range w.held {
			Expect(w.hal("exec", h.name, "--", "cat", "/workspace/file").Out).To(Equal(h.name))
		}
		w.daemon.restart()
		w.awaitDaemon()
		Expect(os.Remove(filler)).To(Succeed())
		w.judge(row)
		Eventually(func() int { return w.claim(w.main, "roomless").Code }).Should(BeZero())
		Expect(w.hal("release", "roomless").Code).To(BeZero())
	})
})

// smallDisk is a file system of its own, until the spec ends.
func smallDisk(size string) (dir string) {
	GinkgoHelper()
	dir, err := os.MkdirTemp("/var/tmp", "hal-faults-disk-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	Expect(unix.Mount("hal-faults", dir, "tmpfs", 0, size)).To(Succeed())
	DeferCleanup(unix.Unmount, dir, unix.MNT_DETACH)
	return dir
}
