//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/spec"
)

var _ = Describe("The end of a claim", Ordered, ContinueOnFailure, func() {
	var w *world
	var pool string
	BeforeAll(func() {
		w = newWorld()
		p := w.pool("ends", 2)
		pool = p.Metadata.Name
		w.write("pool.yaml", p)
		w.serve(w.dir)
		w.settle(pool, 2)
	})

	It("is told to whoever is in it, before and when it comes", func() {
		w.bound(0, pool, "short", "--ttl", "4s")
		p := w.begin("exec", "short", "--", "sh", "-c", "echo in; sleep 60")
		Eventually(p.out).Should(gbytes.Say("in\n"))
		Eventually(p.out).Should(gbytes.Say(`hal-controller: claim short is released in \ds: 'hal extend short --by 1h' keeps it`))
		Eventually(p.out).Should(gbytes.Say(`hal-controller: claim short: its time is over: hal-` + pool + `-\d\.short is removed`))
		Eventually(p.ended).Should(Receive(Not(BeZero())))
		Eventually(w.claims).Should(BeEmpty())
	})

	It("comes with the end of a lent worker's session, even where its client is killed", func() {
		p := w.begin("exec", "--claim-new", pool, "--name", "lent", "--", "sh", "-c", "echo in; sleep 60")
		Eventually(p.out).Should(gbytes.Say("in\n"))
		Expect(w.claims()).To(HaveKey("lent"))
		Expect(p.process.Kill()).To(Succeed())
		Eventually(w.claims).Should(BeEmpty())
		w.settle(pool, 2)
	})

	It("leaves what was saved where its person wants it, too, and nothing where they give it up", func() {
		script := "cd /tmp && git init -q work && cd work && echo mine > file && git add file"
		w.bound(0, pool, "kept")
		Expect(w.inside(0, "kept", script)).To(exitWith(0))
		kept := filepath.Join(w.home, "kept")
		answer := w.hal("release", "kept", "--keep-changes", kept)
		Expect(answer).To(exitWith(0), "%s", answer.Err)
		Expect(answer.Err).To(ContainSubstring("claim/kept: kept in " + kept + "/kept\n"))
		Expect(os.ReadFile(filepath.Join(kept, "kept", "README.txt"))).To(ContainSubstring("/tmp/work"))

		w.bound(0, pool, "given-up")
		Expect(w.inside(0, "given-up", script)).To(exitWith(0))
		answer = w.hal("release", "given-up", "--discard")
		Expect(answer).To(Equal(outcome{0, "claim/given-up released\n", ""}))
	})

	It("is answered to who waits in line for a pool that is deleted", func() {
		p := w.pool("gone", 1)
		p.Spec.Workers.Max = pointer(1)
		p.Spec.Workers.OnEmpty = spec.OnEmptyQueue
		gone := p.Metadata.Name
		w.write("gone.yaml", p)
		w.settle(gone, 1)
		w.bound(0, gone, "first")
		waiting := w.begin("claim", gone, "--name", "second")
		Eventually(waiting.out).Should(gbytes.Say("0 claims before it"))
		Expect(w.hal("delete", "pool", gone)).To(exitWith(0))
		Eventually(waiting.out).Should(gbytes.Say(`no pool "` + gone + `"`))
		Eventually(waiting.ended).Should(Receive(Equal(1)))
		Expect(w.hal("release", "first")).To(exitWith(0))
	})
})

var _ = Describe("A group that may use the socket", func() {
	It("claims, and changes no pool; others do not get in", func() {
		w := newWorld()
		p := w.pool("group", 1)
		pool := p.Metadata.Name
		Expect(os.Chmod(w.home, 0o711)).To(Succeed())
		w.start(w.write("pool.yaml", p), "--socket-group", "1234")
		w.settle(pool, 1)
		w.bound(amy, pool, "mine")
		Expect(w.as(amy, "scale", pool, "--warm", "3")).To(refuse("may not change pools"))
		Expect(w.as(amy, "release", "mine")).To(exitWith(0))
		Expect(w.as(bob, "claim", pool)).To(Equal(outcome{4, "", "hal-controller: no permission to use the daemon's socket " + w.socket() +
			": ask as its owner or a member of its group, for example with sudo\n"}))
		Expect(w.hal("scale", pool, "--warm", "2")).To(exitWith(0))
	})
})
