//go:build e2e

package docker

import (
	"context"
	"io"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/runtime"
)

var _ = Describe("A session on a real engine", func() {
	const soon = 10 * time.Second

	start := func(ctx context.Context, image string) string {
		GinkgoHelper()
		name := r.instance + "-session"
		id, err := r.engine.Create(ctx, runtime.ContainerSpec{
			Name: name, Image: image, Command: []string{"/tool", "sleep"}, User: "1001:1001",
			Owner:    runtime.Owner{Pool: "real", Role: runtime.RoleWorker},
			Security: runtime.Security{NoNewPrivileges: true, CapDrop: []string{"ALL"}},
		})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) { Expect(r.engine.Remove(ctx, id)).To(Succeed()) })
		Expect(r.engine.Start(ctx, id)).To(Succeed())
		return id
	}
	open := func(ctx context.Context, id string, spec runtime.SessionSpec) runtime.Session {
		GinkgoHelper()
		s, err := r.engine.OpenSession(ctx, id, spec)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(s.Close)
		return s
	}
	shell := func(ctx context.Context, id, script string) runtime.Session {
		GinkgoHelper()
		return open(ctx, id, runtime.SessionSpec{Command: []string{"sh", "-c", script}})
	}
	// commands are what runs in a container, but for what looks.
	commands := func(ctx context.Context, id string) func() string {
		return func() string {
			result, err := r.engine.Exec(ctx, id, []string{"sh", "-c", `for p in /proc/[0-9]*; do [ "${p#/proc/}" = $$ ] || tr '\0' ' ' <$p/cmdline; done 2>/dev/null`})
			Expect(err).NotTo(HaveOccurred())
			return result.Output
		}
	}

	It("has the user and the directory that it is given", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := open(ctx, id, runtime.SessionSpec{Command: []string{"sh", "-c", "id -u; pwd"}, User: "1002", WorkDir: "/tmp"})
		Expect(io.ReadAll(s.Stdout())).To(BeEquivalentTo("1002\n/tmp\n"))
		s = open(ctx, id, runtime.SessionSpec{Command: []string{"sh", "-c", "id -u; pwd"}})
		Expect(io.ReadAll(s.Stdout())).To(BeEquivalentTo("1001\n/\n"))
	})

	It("says why there is none in a directory that is not there", func(ctx SpecContext) {
		s := open(ctx, start(ctx, r.shellImage), runtime.SessionSpec{Command: []string{"true"}, WorkDir: "/nowhere"})
		Expect(io.ReadAll(s.Stdout())).To(ContainSubstring("/nowhere"))
		Expect(s.Wait(ctx)).To(BeElementOf(126, 127))
	})

	It("runs in a container without a shell, where it says that signals need one", func(ctx SpecContext) {
		id := start(ctx, r.image)
		s := open(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "sleep"}})
		Eventually(gbytes.BufferReader(s.Stdout())).WithTimeout(soon).Should(gbytes.Say("ready"))
		err := s.Signal(ctx, "TERM")
		Expect(err).To(MatchError(runtime.ErrInvalid))
		Expect(err).To(MatchError(ContainSubstring("no /bin/sh")))
		s = open(ctx, id, runtime.SessionSpec{Command: []string{"/tool", "exit", "3"}})
		Expect(io.ReadAll(s.Stdout())).To(BeEmpty())
		Expect(s.Wait(ctx)).To(Equal(3))
	})

	It("that is closed ends a pipeline that writes all the time, with all its processes", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := shell(ctx, id, "yes ending | cat")
		Expect(io.CopyN(io.Discard, s.Stdout(), 1<<20)).To(BeEquivalentTo(1 << 20))
		Expect(commands(ctx, id)()).To(ContainSubstring("yes ending"))
		Expect(s.Close()).To(Succeed())
		Eventually(commands(ctx, id)).WithTimeout(soon).ShouldNot(Or(ContainSubstring("yes"), ContainSubstring("cat")))
	})

	It("that is closed ends a command that is stopped", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := shell(ctx, id, `kill -s STOP $$; sleep 1000`)
		Eventually(commands(ctx, id)).WithTimeout(soon).Should(ContainSubstring("STOP"))
		Expect(s.Close()).To(Succeed())
		Eventually(commands(ctx, id)).WithTimeout(soon).ShouldNot(Or(ContainSubstring("STOP"), ContainSubstring("sleep 1000")))
	})

	It("that is closed leaves what has a group of its own", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := open(ctx, id, runtime.SessionSpec{Command: []string{"bash", "-c", `set -m; sleep 1001 & set +m; sleep 1002`}})
		Eventually(commands(ctx, id)).WithTimeout(soon).Should(And(ContainSubstring("sleep 1001"), ContainSubstring("sleep 1002")))
		Expect(s.Close()).To(Succeed())
		Eventually(commands(ctx, id)).WithTimeout(soon).Should(And(ContainSubstring("sleep 1001"), Not(ContainSubstring("sleep 1002"))))
	})

	It("on a terminal that is closed ends an interactive shell with its jobs", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := open(ctx, id, runtime.SessionSpec{
			Command: []string{"bash", "--norc"}, Terminal: &runtime.TerminalSize{Rows: 24, Cols: 80},
		})
		go func() { _, _ = io.Copy(io.Discard, s.Stdout()) }()
		Expect(io.WriteString(s.Stdin(), "sleep 1001 &\nsleep 1002\n")).To(BeNumerically(">", 0))
		Eventually(commands(ctx, id)).WithTimeout(soon).Should(And(ContainSubstring("sleep 1001"), ContainSubstring("sleep 1002")))
		Expect(s.Close()).To(Succeed())
		Eventually(commands(ctx, id)).WithTimeout(soon).ShouldNot(Or(ContainSubstring("sleep 1001"), ContainSubstring("sleep 1002"), ContainSubstring("bash")))
	})

	It("that nobody waits for any more leaves no command behind", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		for patience := 10 * time.Millisecond; patience < 80*time.Millisecond; patience += 10 * time.Millisecond {
			short, cancel := context.WithTimeout(ctx, patience)
			s, err := r.engine.OpenSession(short, id, runtime.SessionSpec{Command: []string{"sleep", "1000"}})
			cancel()
			if err == nil {
				Expect(s.Close()).To(Succeed())
				continue
			}
			Expect(err).To(MatchError(context.DeadlineExceeded))
		}
		Eventually(commands(ctx, id)).WithTimeout(soon).ShouldNot(ContainSubstring("sleep 1000"))
	})

	It("goes on while it is left, though it writes", func(ctx SpecContext) {
		id := start(ctx, r.shellImage)
		s := shell(ctx, id, `echo ready; sleep 0.3; yes | head -c 1000000; touch /tmp/done`)
		Eventually(gbytes.BufferReader(s.Stdout())).WithTimeout(soon).Should(gbytes.Say("ready"))
		Expect(s.Detach()).To(Succeed())
		Eventually(func() (runtime.ExecResult, error) { return r.engine.Exec(ctx, id, []string{"test", "-e", "/tmp/done"}) }).
			WithTimeout(soon).Should(HaveField("ExitCode", 0))
	})
})
