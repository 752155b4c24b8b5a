//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A command in a worker of its own", func() {
	It("ends as it does, and gives the worker back", func() {
		w := newWorld()
		p := w.pool("new", 2)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 2)
		project := w.project("new", amy)
		Expect(w.as(amy, "exec", "--claim-new", pool, "--project", project, "--", "sh", "-c", "cat sub/file; echo made > made; exit 7")).
			To(Equal(outcome{7, "of new\n", ""}))
		Expect(ownersOf(filepath.Join(project, "made"))).To(Equal([]uint32{amy, amy}))
		Eventually(w.claims).Should(BeEmpty())
		w.settle(pool, 2)
	})

	It("leaves nothing, whenever it is interrupted", func() {
		w := newWorld()
		p := w.pool("interrupt-new", 2)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 2)
		project := w.project("interrupted", amy)
		began := 0
		for i := range 40 {
			name := fmt.Sprintf("c%d", i)
			c := w.begin("exec", "--claim-new", pool, "--name", name, "--project", project, "--", "sh", "-c", "echo began; exec sleep 4326")
			pause(i)
			Expect(c.process.Signal(os.Interrupt)).To(Succeed())
			Eventually(c.ended).Should(Receive(Not(BeZero())))
			said := string(c.out.Contents())
			Eventually(w.claims).ShouldNot(HaveKey(name), said)
			if strings.Contains(said, "began") {
				began++
			}
		}
		GinkgoWriter.Printf("%d of 40 had begun\n", began)
		w.settle(pool, 2)
		Expect(filepath.Join(project, "sub", "file")).To(BeAnExistingFile())
	})
})
