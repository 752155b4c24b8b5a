//go:build e2e

package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A claim on an engine that is reached over the network", func() {
	It("has the project copied in, and what changed brought back", func() {
		w := newWorld()
		p := w.pool("remote", 1)
		withOwn(p)
		pool := p.Metadata.Name
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		passOnAll(listener, strings.TrimPrefix(w.host, "unix://"))
		w.host = "tcp://" + listener.Addr().String()
		w.serve(w.write("pool.yaml", p))
		w.settle(pool, 1)
		project := w.project("remote", 0)
		c := w.bound(0, pool, "far", "--project", project)
		Expect(c.Mode).To(Equal("copy"))
		Expect(w.inside(0, "far", "cat sub/file; echo more >> sub/file; echo new > made; rm link")).To(Equal(outcome{0, "of remote\n", ""}))
		Expect(os.ReadFile(filepath.Join(project, "sub", "file"))).To(BeEquivalentTo("of remote\n"))
		Expect(w.hal("release", "far")).To(exitWith(0))
		Expect(os.ReadFile(filepath.Join(project, "sub", "file"))).To(BeEquivalentTo("of remote\nmore\n"))
		Expect(os.ReadFile(filepath.Join(project, "made"))).To(BeEquivalentTo("new\n"))
		_, err = os.Lstat(filepath.Join(project, "link"))
		Expect(err).To(MatchError(os.ErrNotExist))
		Expect(w.slots()).To(BeEmpty())
	})
})
