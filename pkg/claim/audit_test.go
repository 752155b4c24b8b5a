package claim_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim"
)

var _ = Describe("The audit log", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.settled("hal-dev-0", "hal-dev-1")
		w.engine.OnSession(swallow)
	})
	path := func() string { return filepath.Join(w.dir, "audit.log") }
	lines := func() (entries []map[string]any) {
		GinkgoHelper()
		content, err := os.ReadFile(path())
		Expect(err).NotTo(HaveOccurred())
		for line := range strings.Lines(string(content)) {
			var entry map[string]any
			Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed())
			entries = append(entries, entry)
		}
		return entries
	}
	entry := func(uid uint32, what, name, container, outcome string) OmegaMatcher {
		return And(
			HaveKeyWithValue("uid", float64(uid)), HaveKeyWithValue("what", what), HaveKeyWithValue("claim", name),
			HaveKeyWithValue("pool", "dev"), HaveKeyWithValue("container", container), HaveKeyWithValue("outcome", outcome),
			HaveKeyWithValue("time", WithTransform(func(s string) time.Time {
				at, err := time.Parse(time.RFC3339Nano, s)
				Expect(err).NotTo(HaveOccurred())
				return at
			}, BeTemporally("~", time.Now(), time.Minute))),
		)
	}

	It("goes on in a new file once it has been moved away", func() {
		_, _ = w.claims.Use(alice, "one", "exec")
		Expect(os.Rename(path(), path()+".1")).To(Succeed())
		_, _ = w.claims.Use(alice, "two", "exec")
		Expect(lines()).To(HaveExactElements(HaveKeyWithValue("claim", "two")))
		info, err := os.Stat(path())
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(BeEquivalentTo(0o600))
	})

	It("has no control characters, of any kind", func() {
		_, _ = w.claims.Use(alice, "a\x1b[2J\x7f\u009b2Jb", "exec")
		content, err := os.ReadFile(path())
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.IndexFunc(strings.TrimSuffix(string(content), "\n"), unicode.IsControl)).To(Equal(-1))
		Expect(lines()).To(HaveExactElements(HaveKeyWithValue("claim", "a\x1b[2J\x7f\u009b2Jb")))
	})

	It("has who did what with which container, and what was refused and why", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		_, _ = w.claims.Use(bob, "fix", "exec")
		_, _ = w.claims.Use(alice, "fix", "exec")
		_, _ = w.claims.Extend(bob, "fix", time.Hour)
		_, _ = w.claims.Release(bob, "fix", claim.ReleaseOptions{})
		w.release(alice, "fix")
		Expect(lines()).To(HaveExactElements(
			entry(alice.UID, "claim", "fix", got.Worker, "done"),
			And(entry(bob.UID, "exec", "fix", got.Worker, "refused"), HaveKeyWithValue("error", `claim "fix" is another person's`)),
			entry(alice.UID, "exec", "fix", got.Worker, "done"),
			entry(bob.UID, "extend", "fix", got.Worker, "refused"),
			entry(bob.UID, "release", "fix", got.Worker, "refused"),
			entry(alice.UID, "release", "fix", got.Worker, "done"),
		))
	})

	It("has what was refused before anything was done, on a line of its own, whatever it was called", func() {
		_, err := w.claims.Claim(context.Background(), bob, claim.Request{Name: "a\n{\"uid\":0}\x1b[2J\x00", Pool: "dev"})
		Expect(err).To(HaveOccurred())
		content, err := os.ReadFile(path())
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Count(string(content), "\n")).To(Equal(1))
		Expect(string(content)).NotTo(MatchRegexp("[\x00-\x09\x0b-\x1f]"))
		Expect(lines()).To(HaveExactElements(entry(bob.UID, "claim", "a\n{\"uid\":0}\x1b[2J\x00", "", "refused")))
	})

	It("has no variable and no secret, even of what was refused", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev", Env: map[string]string{"TOKEN": "canary"}, Secrets: map[string][]byte{"key": []byte("canary")}})
		_, _ = w.claims.Claim(context.Background(), alice, claim.Request{Name: "not", Pool: "dev", Env: map[string]string{"T": "canary\x00"}})
		content, err := os.ReadFile(path())
		Expect(err).NotTo(HaveOccurred())
		Expect(string(content)).NotTo(ContainSubstring("canary"))
		Expect(lines()).To(HaveLen(2))
	})

	It("has the claims whose time is over", func() {
		got := w.claim(alice, claim.Request{Name: "fix", Pool: "dev", TTL: time.Minute})
		w.ahead.Store(int64(time.Hour))
		w.nothingLeft()
		Expect(lines()).To(ContainElement(entry(alice.UID, "expire", "fix", got.Worker, "done")))
	})

	It("only grows, and only its owner can read it", func() {
		w.claim(alice, claim.Request{Name: "fix", Pool: "dev"})
		w.crash()
		w.release(alice, "fix")
		Expect(lines()).To(HaveLen(2))
		info, err := os.Stat(path())
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)))
	})

	It("can be left out", func() {
		var none *claim.Audit
		Expect(none.Close()).To(Succeed())
	})
})
