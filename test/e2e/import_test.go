//go:build e2e

package e2e_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/hal9000"
	"hal-controller/pkg/spec"
)

// People of /etc/passwd on every Debian, whose numbers are fixed.
const (
	daemonUser = 1
	binUser    = 2
)

// The names of HAL-9000's volumes are fixed, so that these specs have an engine of
// their own: what this machine's has is not theirs to copy.
var _ = Describe("The import of HAL-9000's volumes", Ordered, func() {
	const pool = "moved"
	strange := "0badcafe" // of nobody here
	own, w := (*ownEngine)(nil), (*world)(nil)
	var legacy []string
	var before string
	var embeddings []string
	var manifest string

	BeforeAll(func(ctx SpecContext) {
		own = newOwnEngine()
		for _, image := range []string{"hal/parent", "hal/mcp", workerImage} {
			own.loadFrom(ctx, theEngine().api, image)
		}
		w = newWorldOn(own.seen)
		w.pools = append(w.pools, pool)
		manifest = filepath.Join(w.dir, "pool.yaml")
	})

	It("finds nothing where there is none, which is an answer of no", func() {
		Expect(w.hal("import", "hal-9000", "-o", manifest)).To(Equal(outcome{1, "", "hal-controller: this engine has no volumes hal9000-*: there is nothing to import\n"}))
		Expect(manifest).NotTo(BeAnExistingFile())
	})

	It("says what it would do, and does nothing, for a dry run", func(ctx SpecContext) {
		daemon := hal9000.UserHash("daemon")
		files := map[string]string{
			"chromadb":                   "true",
			"memorybank":                 "mkdir shop && echo shared > shop/notes.md",
			"base-plugins":               "echo plugin > one",
			"claude-home-" + daemon:      "echo token > .credentials.json && chmod 600 .credentials.json && ln -s .credentials.json link && mkdir -m 700 projects",
			"claude-session-" + daemon:   "echo '{}' > .claude.json",
			"memory-bank-" + daemon:      "echo private > notes.md",
			"tmux-sockets-" + daemon:     "echo worthless > it",
			"claude-home-" + strange:     "echo strange > .credentials.json",
			"claude-home-" + "test-0001": "echo test > it",
		}
		for name, script := range files {
			legacy = append(legacy, hal9000.Prefix+name)
			w.fill(ctx, hal9000.Prefix+name, script)
		}
		slices.Sort(legacy)
		embeddings = w.legacyChroma(ctx)
		before = w.fingerprint(ctx, legacy)

		answer := w.hal("import", "hal-9000", "--pool", pool, "--dry-run")
		Expect(answer).To(exitWith(0), "%s", answer.Err)
		Expect(answer.Err).To(And(
			ContainSubstring("hal9000-claude-home-"+daemon+", hal9000-claude-session-"+daemon+" -> claude-home of daemon: would be copied\n"),
			ContainSubstring("hal9000-claude-home-0badcafe: not copied: it is of nobody who is known here: --user 0badcafe=NAME says whose it is\n"),
			ContainSubstring("hal9000-claude-home-test-0001: not copied: it is none that HAL-9000 is known to make\n")))
		Expect(w.volumeNames(ctx)).To(Equal(legacy), "the engine has no others")
		Expect(w.state()).NotTo(BeADirectory())
	})

	It("refuses to copy what a container that runs may be changing", func(ctx SpecContext) {
		id := w.mounting(ctx, "/v", []string{"hal9000-chromadb"})
		answer := w.hal("import", "hal-9000", "--pool", pool, "-o", manifest)
		Expect(answer).To(exitWith(1))
		Expect(answer.Err).To(MatchRegexp(`^hal-controller: volume hal9000-chromadb is in use by a container that runs: docker stop \S+\n$`))
		w.remove(ctx, id)
		Expect(w.volumeNames(ctx)).To(Equal(legacy))
	})

	It("copies them, and goes on where an earlier one was cut off", func(ctx SpecContext) {
		for name, script := range map[string]string{
			"memory-bank": "mkdir .hal-import.part && echo half > .hal-import.part/half",              // in the midst of a copy
			"plugins":     "mkdir .hal-import && echo moved > moved && echo plugin > .hal-import/one", // that was whole
		} {
			_, err := w.api.VolumeCreate(ctx, volume.CreateOptions{
				Name: "hal-" + pool + "-" + name, Labels: map[string]string{labelInstance: w.instance, labelPool: pool},
			})
			Expect(err).NotTo(HaveOccurred())
			w.fill(ctx, "hal-"+pool+"-"+name, script)
		}

		answer := w.hal("import", "hal-9000", "--pool", pool, "-o", manifest, "--user", strange+"=bin")
		Expect(answer).To(exitWith(0), "%s", answer.Err)
		Expect(answer.Out).To(Equal(manifest + "\n"))
		Expect(strings.Count(answer.Err, ": copied\n")).To(Equal(6), "%s", answer.Err)
		Expect(w.hal("validate", "-f", manifest)).To(exitWith(0))
		Expect(w.containers("")).To(BeEmpty(), "those it copied in are gone")
	})

	It("has the copies in the parent, the services and the workers of each person", func(ctx SpecContext) {
		w.startWithin(own, manifest)
		w.awaitCondition(pool, spec.ConditionReady, "True", spec.ReasonMinimumWarm)
		parent := w.container(pool, "hal-"+pool+"-parent").ID
		found := w.runJS(parent, "read.mjs")
		Expect(found).To(exitWith(0), "%s", found.Err)
		Expect(strings.Fields(found.Out)).To(ConsistOf(embeddings))
		mcp := w.container(pool, "hal-"+pool+"-mcp").ID
		Expect(w.run(mcp, "cd /data/memory-bank && ls -A && cat shop/notes.md && echo more >> shop/notes.md")).
			To(Equal(outcome{0, "shop\nshared\n", ""}), "the service may write, and nothing half is left")

		w.bound(daemonUser, pool, "one")
		Expect(w.inside(daemonUser, "one", "cd ~/.claude && cat link .claude.json && stat -c '%U:%G %a' .credentials.json projects && touch new"+
			" && cat /data/memory-bank/notes.md && ls -A /data/plugins")).
			To(Equal(outcome{0, "token\n{}\nclaude:claude 600\nclaude:claude 700\nprivate\nmoved\none\n", ""}))
		w.bound(binUser, pool, "two")
		Expect(w.inside(binUser, "two", "ls -A /data/memory-bank; cat ~/.claude/.credentials.json")).To(Equal(outcome{0, "strange\n", ""}))
	})

	It("leaves alone what has been copied, when it is repeated", func() {
		answer := w.hal("import", "hal-9000", "--pool", pool, "-o", manifest, "--user", strange+"=bin")
		Expect(answer).To(exitWith(0), "%s", answer.Err)
		Expect(strings.Count(answer.Err, ": has data already, which is left as it is")).To(Equal(6), "%s", answer.Err)
		Expect(w.inside(daemonUser, "one", "test -e ~/.claude/new")).To(exitWith(0))
	})

	It("writes over no manifest that has become another, unless it is told to", func() {
		Expect(os.WriteFile(manifest, []byte("mine\n"), 0o644)).To(Succeed())
		Expect(w.hal("import", "hal-9000", "--pool", pool, "-o", manifest)).
			To(Equal(outcome{1, "", "hal-controller: " + manifest + " is there and has something else in it: write elsewhere with -o, or over it with --force\n"}))
		Expect(w.hal("import", "hal-9000", "--pool", pool, "-o", manifest, "--force")).To(exitWith(0))
		Expect(w.hal("validate", "-f", manifest)).To(exitWith(0))
	})

	It("has not changed the originals by a byte, a mode or a time", func(ctx SpecContext) {
		Expect(w.fingerprint(ctx, legacy)).To(Equal(before))
	})
})

// startWithin is start for an engine whose network can be reached only from within.
func (w *world) startWithin(own *ownEngine, path string) {
	GinkgoHelper()
	log, err := os.Create(w.log())
	Expect(err).NotTo(HaveOccurred())
	defer log.Close()
	run := w.command(context.Background(), "run", "-f", path, "--progress", "quiet")
	command := exec.Command("nsenter", append([]string{"--net=/run/netns/" + own.netns, binary}, run.Args[1:]...)...)
	command.Env, command.Dir, command.Stdout, command.Stderr = run.Env, run.Dir, log, log
	Expect(command.Start()).To(Succeed())
	c := &controller{process: command.Process, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_ = command.Wait() // how it ended is in its state
	}()
	w.controllers = append(w.controllers, c)
	Eventually(func() error {
		_, err := api.NewClient(w.socket()).Pools(context.Background())
		return err
	}).Should(Succeed())
	Expect(os.Chmod(w.home, 0o711)).To(Succeed())
	Expect(os.Chmod(w.socket(), 0o666)).To(Succeed())
}

// mounting runs a container as root with volumes below a directory, each by its name.
func (w *world) mounting(ctx context.Context, dir string, volumes []string) string {
	GinkgoHelper()
	var mounts []mount.Mount
	for _, name := range volumes {
		mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: name, Target: filepath.Join(dir, name)})
	}
	c, err := w.api.ContainerCreate(ctx, &docker.Config{Image: workerImage, User: "0:0"}, &docker.HostConfig{Mounts: mounts}, nil, nil, "")
	Expect(err).NotTo(HaveOccurred())
	w.foreigners = append(w.foreigners, c.ID)
	Expect(w.api.ContainerStart(ctx, c.ID, docker.StartOptions{})).To(Succeed())
	return c.ID
}

// fill runs a shell's words in a volume, which comes into being with it.
func (w *world) fill(ctx context.Context, name, script string) {
	GinkgoHelper()
	id := w.mounting(ctx, "/v", []string{name})
	defer w.remove(ctx, id)
	result := w.run(id, "cd /v/"+name+" && "+script)
	Expect(result).To(exitWith(0), "%s", result.Err)
}

// legacyChroma fills HAL-9000's volume by a ChromaDB that is root's, as its was, and
// returns the ids of what is in it.
func (w *world) legacyChroma(ctx context.Context) []string {
	GinkgoHelper()
	c, err := w.api.ContainerCreate(ctx, &docker.Config{Image: chromaImage, User: "0:0"}, &docker.HostConfig{
		Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: "hal9000-chromadb", Target: "/data/chromadb"}},
	}, nil, nil, "")
	Expect(err).NotTo(HaveOccurred())
	w.foreigners = append(w.foreigners, c.ID)
	defer w.remove(ctx, c.ID)
	Expect(w.api.ContainerStart(ctx, c.ID, docker.StartOptions{})).To(Succeed())
	written := w.runJS(c.ID, "write.mjs")
	Expect(written).To(exitWith(0), "%s", written.Err)
	Expect(w.api.ContainerStop(ctx, c.ID, docker.StopOptions{})).To(Succeed())
	return strings.Fields(written.Out)
}

// fingerprint is all there is to tell of the files of volumes but when they were
// read last.
func (w *world) fingerprint(ctx context.Context, volumes []string) string {
	GinkgoHelper()
	id := w.mounting(ctx, "/v", volumes)
	defer w.remove(ctx, id)
	result := w.run(id, `cd /v && find . -mindepth 1 -printf '%p %y %m %U:%G %s %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort`)
	Expect(result).To(exitWith(0), "%s", result.Err)
	return result.Out
}

// volumeNames are all of the engine's.
func (w *world) volumeNames(ctx context.Context) []string {
	GinkgoHelper()
	found, err := w.api.VolumeList(ctx, volume.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	names := map[string]bool{}
	for _, v := range found.Volumes {
		names[v.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
