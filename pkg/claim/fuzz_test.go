package claim_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime/fake"
)

// FuzzAudit looks for what a person may say that makes more than a line of the audit
// log, a line that is no JSON, or one that says something to a terminal.
func FuzzAudit(f *testing.F) {
	f.Add("fix", "exec")
	f.Add("fix\n{\"uid\":0,\"what\":\"release\"}", "exec")
	f.Add("\x1b[2J\x1b]0;title\a", "\r\x00\x7f\u009b2J\u2028\xff")
	f.Fuzz(func(t *testing.T, name, what string) {
		g := NewWithT(t)
		path := filepath.Join(t.TempDir(), "audit.log")
		audit, err := claim.OpenAudit(path)
		g.Expect(err).NotTo(HaveOccurred())
		claims := claim.New(claim.Options{Runtime: fake.New(nil), Claimable: &reconcile.Claimable{}, Audit: audit})
		_, err = claims.Use(me, name, what)
		g.Expect(err).To(HaveOccurred(), "there is no claim")
		g.Expect(audit.Close()).To(Succeed())
		text, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		line, ended := strings.CutSuffix(string(text), "\n")
		g.Expect(ended).To(BeTrue())
		g.Expect(strings.IndexFunc(line, func(r rune) bool { return r < ' ' })).To(Equal(-1), "%q", line)
		var entry struct{ What, Claim string }
		g.Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed())
		if utf8.ValidString(what) {
			g.Expect(entry.What).To(Equal(what))
		}
	})
}
