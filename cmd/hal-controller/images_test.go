package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/profile"
	"hal-controller/pkg/runtime"
	enginefake "hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// engineWithWorker has the image that profiles build on.
func engineWithWorker() *enginefake.Runtime {
	engine := enginefake.New(func() time.Time { return hoursAgo(2) })
	engine.AddImage("hal/worker")
	engine.EditImage("hal/worker", func(i *runtime.ImageInspection, size *int64) {
		i.User, i.Labels, *size = "1001:1001", map[string]string{profile.LabelVersion: "v1"}, 533_600_000
	})
	return engine
}

// addProfile writes a profile's Dockerfile.
func addProfile(dir, name, dockerfile string) {
	GinkgoHelper()
	Expect(os.MkdirAll(filepath.Join(dir, name), 0o755)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dir, name, "Dockerfile"), []byte(dockerfile), 0o644)).To(Succeed())
}

var _ = Describe("images build", func() {
	var (
		engine *enginefake.Runtime
		dir    string
	)
	BeforeEach(func() {
		engine, dir = engineWithWorker(), GinkgoT().TempDir()
		GinkgoT().Setenv("XDG_CONFIG_HOME", GinkgoT().TempDir())
	})
	build := func(ctx context.Context, names ...string) outcome {
		GinkgoHelper()
		profiles, err := chosenProfiles([]string{dir}, names)
		Expect(err).NotTo(HaveOccurred())
		var out, errOut bytes.Buffer
		a := &app{out: &out, errOut: &errOut}
		err = a.buildProfiles(ctx, engine, profiles)
		a.explain(nil, err)
		return outcome{out.String(), errOut.String(), exitCode(err)}
	}

	It("tells of each step, and what became of each image; nothing to do is told at once", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker-b\n")
		addProfile(dir, "b", "FROM hal/worker\nRUN   "+strings.Repeat("long ", 50)+"\n")
		Expect(build(ctx)).To(Equal(outcome{
			out: "hal/worker-b built\nhal/worker-a built\n",
			err: "==> hal/worker-b: step 1/2: FROM hal/worker\n" +
				"==> hal/worker-b: step 2/2: RUN " + strings.Repeat("long ", 19) + "…\n" +
				"==> hal/worker-a: step 1/1: FROM hal/worker-b\n",
		}))
		Expect(build(ctx)).To(Equal(outcome{out: "hal/worker-b up to date\nhal/worker-a up to date\n"}))
	})

	It("makes only those that are named", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\n")
		addProfile(dir, "b", "FROM hal/worker\n")
		Expect(build(ctx, "b").out).To(Equal("hal/worker-b built\n"))
	})

	It("shows the last of a build that fails, makes the others, and ends with 1", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\nRUN break\n")
		addProfile(dir, "b", "FROM debian\n")
		addProfile(dir, "c", "FROM hal/worker\n")
		engine.OnBuild(func(string) (string, error) {
			return " ---> Running in 0123456789ab\nfirst\n" + strings.Repeat("x\n", 19) + "last\n", errors.New("returned a non-zero code: 1")
		})
		got := build(ctx)
		Expect(got.code).To(Equal(exitNo))
		Expect(got.out).To(Equal("hal/worker-c built\n"))
		Expect(got.err).To(Equal("==> hal/worker-a: step 1/2: FROM hal/worker\n==> hal/worker-a: step 2/2: RUN break\n" +
			strings.Repeat("    x\n", 19) + "    last\n" +
			"==> hal/worker-a: build " + filepath.Join(dir, "a/Dockerfile: ") + "refused by the engine: returned a non-zero code: 1\n" +
			"==> hal/worker-b: " + filepath.Join(dir, "b/Dockerfile:1: ") + "FROM debian: a profile builds on hal/worker or hal/worker-*, for the layers, the user and the tools that workers share\n" +
			"==> hal/worker-c: step 1/1: FROM hal/worker\n" +
			"hal-controller: 2 of 3 images could not be made: a, b\n"))
	})

	It("shows all that commands say where more is asked for", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\nRUN x\n")
		engine.OnBuild(func(string) (string, error) { return "one\ntwo\n", nil })
		profiles, err := chosenProfiles([]string{dir}, nil)
		Expect(err).NotTo(HaveOccurred())
		var errOut bytes.Buffer
		Expect((&app{out: &bytes.Buffer{}, errOut: &errOut, verbosity: 1}).buildProfiles(ctx, engine, profiles)).To(Succeed())
		Expect(errOut.String()).To(HaveSuffix("RUN x\n    one\n    two\n"))
	})

	It("says what to do where there is no worker to build on", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\n")
		engine.RemoveImage("hal/worker")
		Expect(build(ctx).err).To(ContainSubstring("a/Dockerfile:1: hal/worker is not on the engine, and nothing is pulled unasked: make it with `make images`"))
	})

	It("gives up at once where the engine has gone", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\n")
		addProfile(dir, "b", "FROM hal/worker\n")
		engine.Down(true)
		got := build(ctx)
		Expect(got.code).To(Equal(exitUnavailable))
		Expect(strings.Count(got.err, "\n")).To(Equal(1))
	})

	It("ends with its context, and begins no other image", func(ctx SpecContext) {
		addProfile(dir, "a", "FROM hal/worker\nRUN x\n")
		addProfile(dir, "b", "FROM hal/worker\n")
		ending, interrupt := context.WithCancel(ctx)
		engine.OnBuild(func(string) (string, error) {
			interrupt()
			select {}
		})
		Expect(build(ending).code).To(Equal(exitNo))
		Expect(engine.Count("build image")).To(Equal(1))
	})

	It("prefers the person's own profile, and says so", func(ctx SpecContext) {
		mine := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "hal", "profiles")
		addProfile(filepath.Join(dir, "images", "profiles"), "a", "FROM hal/worker\n")
		addProfile(mine, "a", "FROM hal/worker\nRUN mine\n")
		GinkgoT().Chdir(dir)
		Expect(profileDirs(nil)).To(Equal([]string{"images/profiles", mine}))
		profiles, err := chosenProfiles(profileDirs(nil), nil)
		Expect(err).NotTo(HaveOccurred())
		var errOut bytes.Buffer
		Expect((&app{out: &bytes.Buffer{}, errOut: &errOut}).buildProfiles(ctx, engine, profiles)).To(Succeed())
		Expect(errOut.String()).To(HavePrefix("==> hal/worker-a: made of " + filepath.Join(mine, "a") + ", and not of images/profiles/a\n"))
	})

	DescribeTable("refuses",
		func(args string, code int, message string) {
			addProfile(dir, "python", "FROM hal/worker\n")
			got := hal(append(strings.Fields(args), "--profiles", dir)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("a name that no profile has", "images build pyton", exitNo, `no profile "pyton": did you mean "python"?`),
		Entry("a name of hal's own", "images build minimal", exitUsage, "an image of hal's own"),
		Entry("a name that is none", "images build My_Tools", exitUsage, "small letters"),
		Entry("a directory that is not there", "images build --profiles /no/such", exitUsage, "look for profiles: open /no/such"),
		Entry("an engine that is not there", "images build", exitUnavailable, "engine unavailable"),
	)

	It("says where it has looked for profiles and found none", func() {
		Expect(hal("images", "build", "--profiles", dir)).To(Equal(outcome{err: "no profiles found in " + dir + "\n"}))
	})

	It("completes the names of profiles", func() {
		addProfile(dir, "go", "")
		addProfile(dir, "python", "")
		Expect(hal("__completeNoDesc", "images", "build", "--profiles", dir, "go", "").out).To(HavePrefix("python\n:"))
	})
})

var _ = Describe("images ls", func() {
	var engine *enginefake.Runtime
	BeforeEach(func() {
		engine = engineWithWorker()
		for _, name := range []string{"hal/parent", "hal/pause:v1", "postgres:17", "unused"} {
			engine.AddImage(name)
			engine.EditImage(name, func(_ *runtime.ImageInspection, size *int64) { *size = 11_948_194 })
		}
	})
	ls := func(ctx context.Context, output string, pools ...spec.Pool) string {
		GinkgoHelper()
		var out bytes.Buffer
		Expect((&app{out: &out, errOut: &bytes.Buffer{}}).listImages(ctx, engine, pools, output)).To(Succeed())
		return out.String()
	}
	ci := func() spec.Pool {
		p := readyPool("ci")
		p.Spec.Workers.Template.Image = "hal/worker-go"
		p.Spec.Services = []spec.NamedService{{Name: "db", Service: spec.Service{Image: "postgres:17"}}}
		return p
	}

	It("shows hal's images and those that pools use, with the pools", func(ctx SpecContext) {
		Expect(ls(ctx, "table", readyPool("dev"), ci())).To(Equal(strings.TrimPrefix(`
NAME            SIZE      AGE    POOLS
hal/parent      11.9MB    120m   ci,dev
hal/pause:v1    11.9MB    120m   ci,dev
hal/worker      534MB     120m   ci,dev
hal/worker-go   missing   -      ci
postgres:17     11.9MB    120m   ci
`, "\n")))
		Expect(ls(ctx, "table")).To(ContainSubstring("hal/worker     534MB    120m   -\n"))
	})

	It("shows the ids and the versions, too", func(ctx SpecContext) {
		Expect(ls(ctx, "wide")).To(MatchRegexp(`NAME .* POOLS   ID             VERSION\n`))
		Expect(ls(ctx, "wide")).To(MatchRegexp(`hal/worker .* 000000000001   v1\n`))
	})

	It("has objects for programs", func(ctx SpecContext) {
		var list struct{ Items []imageObject }
		Expect(json.Unmarshal([]byte(ls(ctx, "json", ci())), &list)).To(Succeed())
		Expect(list.Items).To(ContainElements(
			And(HaveField("Name", "hal/worker"), HaveField("Size", int64(533_600_000)), HaveField("Pools", []string{"ci"}), HaveField("Version", "v1")),
			And(HaveField("Name", "hal/worker-go"), HaveField("Missing", true), HaveField("Created", BeNil()))))
		Expect(ls(ctx, "name")).To(Equal("image/hal/parent\nimage/hal/pause:v1\nimage/hal/worker\n"))
	})

	It("knows an image that has lost its name by its id", func(ctx SpecContext) {
		old := engine.Snapshot().Images["hal/worker:latest"]
		engine.AddImage("hal/worker")
		p := readyPool("dev")
		p.Status.Workers[0].Image = old
		p.Status.Workers[1].Image = strings.TrimPrefix(old, "sha256:")[:12]
		Expect(ls(ctx, "table", p)).To(ContainSubstring("000000000001   534MB    120m   dev\n"))
	})

	It("knows an image by its digest, and shows what is no reference as it is", func(ctx SpecContext) {
		digest := "hal/worker@sha256:" + strings.Repeat("a", 64)
		p := readyPool("dev")
		p.Spec.Workers.Template.Image = "NO/reference"
		rows := imageRows([]runtime.Image{{ID: "sha256:b", Names: []string{"hal/worker:latest", digest}, Size: 1}}, []spec.Pool{p, {
			Metadata: spec.Metadata{Name: "pinned"},
			Spec:     spec.PoolSpec{Workers: spec.Workers{Template: spec.WorkerTemplate{Image: digest}}},
		}})
		Expect(namesIn(rows)).To(Equal([]string{"NO/reference", "hal/parent", "hal/pause:v1", "hal/worker", digest}))
		Expect(rows[4].cells).To(And(HaveKeyWithValue("POOLS", "pinned"), HaveKeyWithValue("SIZE", "1B")))
	})

	It("says that there is nothing to show", func(ctx SpecContext) {
		var out, errOut bytes.Buffer
		empty := enginefake.New(time.Now)
		Expect((&app{out: &out, errOut: &errOut}).listImages(ctx, empty, nil, "table")).To(Succeed())
		Expect(out.String() + errOut.String()).To(Equal("no images found\n"))
	})

	It("needs the engine, also where a daemon runs", func() {
		serving(&fake.Backend{})
		Expect(hal("images", "ls").code).To(Equal(exitUnavailable))
	})

	It("refuses manifests that are none", func() {
		Expect(hal("images", "ls", "-f", manifest("kind: Nothing\n")).code).To(Equal(exitUsage))
	})
})

var _ = Describe("images sbom", func() {
	sbomOf := func(ctx context.Context, engine *enginefake.Runtime, ref string) outcome {
		var out, errOut bytes.Buffer
		a := &app{out: &out, errOut: &errOut}
		err := a.imageSBOM(ctx, engine, ref)
		a.explain(nil, err)
		return outcome{out.String(), errOut.String(), exitCode(err)}
	}

	It("prints what is in an image", func(ctx SpecContext) {
		engine := engineWithWorker()
		engine.AddFiles("hal/worker", map[string]string{"opt/claude-code/package.json": `{"name": "@anthropic-ai/claude-code", "version": "2.1.330"}`})
		got := sbomOf(ctx, engine, "hal/worker:latest")
		var bom struct {
			SpecVersion string
			Metadata    struct {
				Component struct{ Name, Version string }
			}
			Components []struct{ Purl string }
		}
		Expect(json.Unmarshal([]byte(got.out), &bom)).To(Succeed())
		Expect(bom.SpecVersion).To(Equal("1.6"))
		Expect(bom.Metadata.Component.Name).To(Equal("hal/worker"))
		Expect(bom.Metadata.Component.Version).To(HavePrefix("sha256:"))
		Expect(bom.Components).To(ConsistOf(HaveField("Purl", "pkg:npm/%40anthropic-ai/claude-code@2.1.330")))
	})

	It("says which files it did not look into", func(ctx SpecContext) {
		engine := engineWithWorker()
		engine.AddFiles("hal/worker", map[string]string{"opt/a/package.json": strings.Repeat(" ", 2<<20)})
		Expect(sbomOf(ctx, engine, "hal/worker").err).To(Equal("opt/a/package.json: not looked into, with its 2 MB\n"))
	})

	It("prints nothing but the reason where it cannot look", func(ctx SpecContext) {
		engine := engineWithWorker()
		Expect(sbomOf(ctx, engine, "hal/none")).To(Equal(outcome{
			err: "hal-controller: image \"hal/none\" is not on the engine: `hal images ls` lists those that pools use\n", code: exitNo,
		}))
		engine.Fail(func(c enginefake.Call) error {
			if c.Method == "export image" {
				return errors.New("out of disk")
			}
			return nil
		})
		Expect(sbomOf(ctx, engine, "hal/worker")).To(Equal(outcome{
			err: "hal-controller: look into image \"hal/worker\": out of disk\n", code: exitNo,
		}))
	})

	It("takes one image", func() {
		Expect(hal("images", "sbom").code).To(Equal(exitUsage))
		Expect(hal("images", "sbom", "a", "b").code).To(Equal(exitUsage))
		Expect(hal("images", "sbom", "a").code).To(Equal(exitUnavailable))
	})

	It("completes the names of images, and is silent where nobody answers", func(ctx SpecContext) {
		engine := engineWithWorker()
		engine.AddImage("postgres:17")
		Expect(imageNames(ctx, engine)).To(Equal([]string{"hal/worker", "postgres:17"}))
		Expect(hal("__completeNoDesc", "images", "sbom", "").out).To(Equal(":4\n"))
	})
})
