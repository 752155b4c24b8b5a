package rescue_test

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/rescue"
)

var _ = Describe("A rescue of more tiny files than there is room for", func() {
	It("takes no more of the disk than its limit, what each file's name takes with it", func(ctx SpecContext) {
		const limit = 256 << 10
		e := &engine{worker: GinkgoT().TempDir()}
		e.send = func(script string) io.Reader {
			if !strings.Contains(script, "/w'") {
				return nil
			}
			var entries []any
			for i := range 5000 {
				entries = append(entries, tar.Header{Name: fmt.Sprint(i)}, "")
			}
			return tarOf(entries...)
		}
		r := rescue.Request{Claim: "fix", ID: "w1", UID: os.Getuid(), GID: os.Getgid(), Time: time.Now(), Workspace: e.worker + "/w"}
		report, err := rescue.Rescue(ctx, e, filepath.Join(GinkgoT().TempDir(), "rescued"), r, rescue.Options{MaxBytes: limit})
		Expect(err).NotTo(HaveOccurred())
		info, err := os.Stat(filepath.Join(report.Dir, "workspace.tar"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Size()).To(And(BeNumerically(">", limit/2), BeNumerically("<=", limit)))
		Expect(report.Missing).To(ContainElement(HaveField("What", MatchRegexp(`^\d{4} of what is in `))))
	})
})
