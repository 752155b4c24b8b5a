//go:build e2e

package bind

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func init() { engineSpecs = true }

var _ = Describe("A running worker", Label(engine), func() {
	var (
		slots   *Slots
		project string
		source  *os.File
		worker  string
	)
	docker := func(args ...string) string {
		GinkgoHelper()
		out, err := exec.Command("docker", args...).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "docker %s: %s", strings.Join(args, " "), out)
		return strings.TrimSpace(string(out))
	}
	start := func(name string) string {
		GinkgoHelper()
		Expect(slots.Make(name, "workspace")).To(Succeed())
		id := docker("run", "--detach", "--init", "--label", "hal.test=bind", "--network", "none", "--user", "1001:1001",
			"--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--stop-timeout", "1",
			"--volume", slots.Path(name, "workspace")+":/workspace:rslave", "--entrypoint", "sleep", "hal/worker", "infinity")
		DeferCleanup(func() { docker("rm", "--force", "--volumes", id) })
		return id
	}
	inside := func(words ...string) string {
		GinkgoHelper()
		return docker(append([]string{"exec", "--workdir", "/", worker}, words...)...)
	}
	bind := func() {
		GinkgoHelper()
		result, err := slots.Bind("dev-0", "workspace", source, Access{Mapping: Mapping{OutsideUID: 1234, OutsideGID: 1234, InsideUID: 1001, InsideGID: 1001}})
		Expect(err).NotTo(HaveOccurred())
		Expect(result).To(Equal(Result{IDMapped: true}))
	}

	appears := func() bool {
		GinkgoHelper()
		pid, err := strconv.Atoi(docker("inspect", "--format", "{{.State.Pid}}", worker))
		Expect(err).NotTo(HaveOccurred())
		yes, err := Appears(pid, "/workspace", source)
		Expect(err).NotTo(HaveOccurred())
		return yes
	}

	BeforeEach(func() {
		needsRoot()
		// Not in /tmp, which may be in memory: people's projects are on disks.
		dir, err := os.MkdirTemp("/var/tmp", "hal-bind-test-")
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		DeferCleanup(func() { Expect(os.RemoveAll(dir)).To(Succeed()) })
		project = filepath.Join(dir, "project")
		Expect(os.Mkdir(project, 0o755)).To(Succeed())
		Expect(os.WriteFile(project+"/kept", []byte("kept"), 0o644)).To(Succeed())
		Expect(os.Chown(project, 1234, 1234)).To(Succeed())
		Expect(os.Chown(project+"/kept", 1234, 1234)).To(Succeed())
		source, err = Rules{Roots: []string{dir}}.Resolve(project, Caller{UID: 1234, GID: 1234})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(source.Close)
		slots = openSlots(filepath.Join(dir, "state", "slots"))
		worker = start("dev-0")
	})

	It("has nothing in its workspace and cannot write there, until a project is bound", func() {
		Expect(inside("ls", "-A", "/workspace")).To(BeEmpty())
		Expect(inside("sh", "-c", "touch /workspace/x 2>&1 || true")).To(ContainSubstring("Permission denied"))
		Expect(appears()).To(BeFalse())
		bind()
		Expect(appears()).To(BeTrue())
		Expect(inside("cat", "/workspace/kept")).To(Equal("kept"))
		Expect(inside("stat", "-c", "%u:%g", "/workspace", "/workspace/kept")).To(Equal("1001:1001\n1001:1001"))
	})

	It("writes files that belong to the person outside", func() {
		bind()
		inside("sh", "-c", "echo new > /workspace/new; echo more >> /workspace/kept; mkdir /workspace/d; ln -s new /workspace/l")
		for _, name := range []string{"new", "kept", "d", "l"} {
			Expect(owner(filepath.Join(project, name))).To(Equal([2]uint32{1234, 1234}), name)
		}
		Expect(os.ReadFile(project + "/kept")).To(BeEquivalentTo("keptmore\n"))
		Expect(os.WriteFile(project+"/from-outside", nil, 0o600)).To(Succeed())
		Expect(os.Chown(project+"/from-outside", 1234, 1234)).To(Succeed())
		Expect(inside("stat", "-c", "%u", "/workspace/from-outside")).To(Equal("1001"))
	})

	It("leaves no setuid program of root in the project, not even as root", func() {
		Expect(os.Chmod(project, 0o777)).To(Succeed())
		bind()
		docker("exec", "--user", "0", worker, "sh", "-c", "cp /bin/true /workspace/planted && chmod 4755 /workspace/planted")
		Expect(owner(project + "/planted")).To(Equal([2]uint32{aside, aside}))
	})

	It("keeps its project when it is restarted, and when the controller is", func() {
		bind()
		docker("restart", worker)
		Expect(inside("cat", "/workspace/kept")).To(Equal("kept"))
		Expect(slots.Close()).To(Succeed())
		slots = openSlots(slots.dir)
		Expect(boundTo(slots)).To(Equal(Binding{Source: project, IDMapped: true}))
		inside("touch", "/workspace/after")
		Expect(owner(project + "/after")).To(Equal([2]uint32{1234, 1234}))
	})

	It("keeps what was bound when it was last started until it stops, even if that is unbound", func() {
		bind()
		docker("restart", worker)
		Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(inside("cat", "/workspace/kept")).To(Equal("kept"))
		docker("restart", worker)
		Expect(inside("ls", "-A", "/workspace")).To(BeEmpty())
	})

	It("gets its project when it is started again, if that was bound while it was stopped", func() {
		docker("stop", worker)
		bind()
		docker("start", worker)
		Expect(inside("cat", "/workspace/kept")).To(Equal("kept"))
	})

	It("has an empty workspace once it is unbound, and the project has all its files", func() {
		bind()
		Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
		Expect(inside("ls", "-A", "/workspace")).To(BeEmpty())
		Expect(os.ReadFile(project + "/kept")).To(BeEquivalentTo("kept"))
	})

	It("loses its slots but no file, if they are removed while it runs", func() {
		bind()
		Expect(slots.Remove("dev-0")).To(Succeed())
		Expect(slots.Workers()).To(BeEmpty())
		Expect(os.ReadFile(project + "/kept")).To(BeEquivalentTo("kept"))
	})

	It("is known not to see what is bound, if it was there before its slots were mounted anew", func() {
		unmountAll(slots.dir)
		slots = openSlots(slots.dir)
		bind()
		Expect(appears()).To(BeFalse())
		docker("restart", worker)
		Expect(appears()).To(BeTrue())
	})

	It("does not see the project of another", func() {
		bind()
		worker = start("dev-1")
		Expect(inside("ls", "-A", "/workspace")).To(BeEmpty())
	})
})
