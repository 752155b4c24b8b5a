//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

// People who have no name on this machine.
const (
	amy = 1234
	bob = 1235
)

// projects is where people of a world may have theirs.
func (w *world) projects() string { return "/var/tmp/hal-e2e-projects-" + w.id }

// serve starts the daemon for everyone on this machine.
func (w *world) serve(path string, flags ...string) *controller {
	GinkgoHelper()
	Expect(os.Chmod(w.home, 0o711)).To(Succeed())
	if os.Mkdir(w.projects(), 0o755) == nil {
		DeferCleanup(os.RemoveAll, w.projects())
	}
	c := w.start(path, append(flags, "--project-root", w.projects())...)
	Expect(os.Chmod(w.socket(), 0o666)).To(Succeed())
	return c
}

// project makes a directory of somebody's, with a few files in it.
func (w *world) project(name string, uid int) string {
	GinkgoHelper()
	dir := filepath.Join(w.projects(), name)
	Expect(os.MkdirAll(filepath.Join(dir, "sub"), 0o755)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("of "+name+"\n"), 0o600)).To(Succeed())
	Expect(os.Symlink("sub/file", filepath.Join(dir, "link"))).To(Succeed())
	giveAll(dir, uid)
	return dir
}

// giveAll makes a directory and all below it somebody's.
func giveAll(dir string, uid int) {
	GinkgoHelper()
	Expect(filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})).To(Succeed())
}

// as runs one command line as another user of this machine.
func (w *world) as(uid int, args ...string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	c := w.commandAs(ctx, uid, args...)
	c.Stdout, c.Stderr = &out, &errOut
	_ = c.Run() // how it ended is in its state
	Expect(c.ProcessState).NotTo(BeNil(), "%s did not start as user %d", binary, uid)
	return outcome{c.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func (w *world) commandAs(ctx context.Context, uid int, args ...string) *exec.Cmd {
	c := w.command(ctx, args...)
	w.person(c, uid)
	return c
}

// person makes a command another user's, who lives where their projects are.
func (w *world) person(c *exec.Cmd, uid int) {
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	c.Env = append(c.Environ(), "HOME="+w.projects())
}

// claims are all claims of the world, by name.
func (w *world) claims() map[string]api.Claim {
	claims := map[string]api.Claim{}
	all, _ := api.NewClient(w.socket()).Claims(context.Background()) // a daemon that is dead has none
	for _, c := range all {
		claims[c.Name] = c
	}
	return claims
}

// bound claims a worker, which must succeed.
func (w *world) bound(uid int, pool, name string, flags ...string) api.Claim {
	GinkgoHelper()
	answer := w.as(uid, append([]string{"claim", pool, "--name", name, "-o", "json"}, flags...)...)
	Expect(answer).To(exitWith(0), "%s", answer.Err)
	var c api.Claim
	Expect(json.Unmarshal([]byte(answer.Out), &c)).To(Succeed(), "%s", answer.Out)
	Expect(c.Phase).To(Equal("Bound"))
	return c
}

// inside runs a shell's words in the worker of a claim.
func (w *world) inside(uid int, claim, script string) outcome {
	GinkgoHelper()
	return w.as(uid, "exec", claim, "--", "sh", "-c", script)
}

// withOwn gives the workers of a pool a volume of each person's own.
func withOwn(p *spec.Pool) {
	p.Spec.Workers.Template.Volumes = append(p.Spec.Workers.Template.Volumes,
		spec.VolumeMount{Name: "own", Target: "/own", Scope: spec.ScopeUser})
}

// tree is what is in a directory: what each file is, whose, and what is in it.
func tree(dir string) map[string]string {
	GinkgoHelper()
	files := map[string]string{}
	Expect(filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		text := info.Mode().String() + " " + owners(owner)
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + string(content)
		}
		files[path] = text
		return nil
	})).To(Succeed())
	return files
}

func owners(s *syscall.Stat_t) string { return fmt.Sprintf("%d:%d", s.Uid, s.Gid) }

func ownersOf(path string) []uint32 {
	GinkgoHelper()
	info, err := os.Lstat(path)
	Expect(err).NotTo(HaveOccurred())
	owner := info.Sys().(*syscall.Stat_t)
	return []uint32{owner.Uid, owner.Gid}
}
