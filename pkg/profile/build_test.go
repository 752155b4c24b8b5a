package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
)

var _ = Describe("Building", func() {
	var (
		engine  *fake.Runtime
		p       Profile
		lines   []string
		builder Builder
	)
	BeforeEach(func() {
		engine, p, lines = fake.New(time.Now), directory(), nil
		engine.AddImage("hal/worker")
		engine.EditImage("hal/worker", func(i *runtime.ImageInspection, _ *int64) { i.User = "1001:1001" })
		put(p, "Dockerfile", "FROM hal/worker\nCOPY tool /usr/local/bin/\n")
		put(p, "tool", "v1")
		builder = Builder{
			Store: engine, Version: "v9",
			Step: func(n, of int, instruction string) {
				lines = append(lines, fmt.Sprintf("%d of %d: %s", n, of, instruction))
			},
			Output: func(line string) { lines = append(lines, line) },
		}
	})
	build := func(ctx context.Context) Outcome {
		GinkgoHelper()
		outcome, err := builder.Build(ctx, p)
		Expect(err).NotTo(HaveOccurred())
		return outcome
	}
	tagged := func() string { return engine.Snapshot().Images["hal/worker-x:latest"] }

	It("makes the image, tells of each step, and says in labels what it is", func(ctx SpecContext) {
		Expect(build(ctx)).To(Equal(Built))
		Expect(lines).To(Equal([]string{"1 of 2: FROM hal/worker", "2 of 2: COPY tool /usr/local/bin/"}))
		base, err := engine.InspectImage(ctx, "hal/worker")
		Expect(err).NotTo(HaveOccurred())
		image, err := engine.InspectImage(ctx, "hal/worker-x")
		Expect(err).NotTo(HaveOccurred())
		Expect(image.Labels).To(And(
			HaveKeyWithValue("hal.image.inputs", MatchRegexp("^[0-9a-f]{16}$")),
			HaveKeyWithValue("org.opencontainers.image.title", "hal/worker-x"),
			HaveKeyWithValue("org.opencontainers.image.version", "v9"),
			HaveKeyWithValue("org.opencontainers.image.revision", MatchRegexp("^[0-9a-f]{16}$")),
			HaveKeyWithValue("org.opencontainers.image.base.name", "hal/worker"),
			HaveKeyWithValue("org.opencontainers.image.base.digest", base.ID)))
	})

	It("tells of its own instructions, and not of what the engine adds and does", func() {
		listen := builder.listener(2)
		for _, line := range []string{
			"Step 1/4 : FROM hal/worker", " ---> 0123456789ab", "Step 2/4 : RUN make", " ---> Running in 0123456789ab", "made",
			"", "Removing intermediate container 0123456789ab", "Step 3/4 : LABEL a=b", "Step 4/4 : LABEL c=d", "Successfully built 0123456789ab",
		} {
			listen(line)
		}
		Expect(lines).To(Equal([]string{"1 of 2: FROM hal/worker", "2 of 2: RUN make", "made"}))
	})

	It("does nothing when nothing has changed", func(ctx SpecContext) {
		Expect(build(ctx)).To(Equal(Built))
		builder.Version = "v10"
		engine.ResetCalls()
		Expect(build(ctx)).To(Equal(UpToDate))
		Expect(engine.Changes()).To(BeEmpty())
	})

	DescribeTable("makes it again when its inputs have changed",
		func(ctx SpecContext, change func()) {
			Expect(build(ctx)).To(Equal(Built))
			before := tagged()
			change()
			Expect(build(ctx)).To(Equal(Built))
			Expect(tagged()).NotTo(Equal(before))
			Expect(build(ctx)).To(Equal(UpToDate))
		},
		Entry("the content of a file", func() { put(p, "tool", "v2") }),
		Entry("the name of a file", func() { put(p, "more", "") }),
		Entry("what can be executed", func() { Expect(os.Chmod(filepath.Join(p.Dir(), "tool"), 0o755)).To(Succeed()) }),
		Entry("the worker", func() {
			engine.AddImage("hal/worker")
			engine.EditImage("hal/worker", func(i *runtime.ImageInspection, _ *int64) { i.User = "1001:1001" })
		}),
		Entry("the image, which is gone", func() { engine.RemoveImage("hal/worker-x") }),
	)

	It("refuses an image that turns out to run as root, and leaves the name where it was", func(ctx SpecContext) {
		Expect(build(ctx)).To(Equal(Built))
		kept := tagged()
		engine.AddImage("hal/worker") // of which no user is known
		images, err := engine.ListImages(ctx)
		Expect(err).NotTo(HaveOccurred())
		_, err = builder.Build(ctx, p)
		Expect(err).To(MatchError(ContainSubstring("x/Dockerfile: the image would run as root; end the Dockerfile with USER claude")))
		Expect(tagged()).To(Equal(kept))
		Expect(engine.ListImages(ctx)).To(HaveLen(len(images)), "what was refused is removed")
	})

	It("leaves the name where it was when a command fails, with the engine's word", func(ctx SpecContext) {
		Expect(build(ctx)).To(Equal(Built))
		kept := tagged()
		put(p, "tool", "v2")
		engine.OnBuild(func(string) (string, error) { return "no such thing\n", errors.New("returned a non-zero code: 1") })
		_, err := builder.Build(ctx, p)
		Expect(err).To(MatchError(And(HavePrefix("build "+p.dockerfile()+": "), ContainSubstring("non-zero code: 1"))))
		Expect(lines).To(ContainElement("no such thing"))
		Expect(tagged()).To(Equal(kept))
	})

	It("refuses what was built of a context that was edited meanwhile", func(ctx SpecContext) {
		engine.Fail(func(c fake.Call) error {
			if c.Method == "inspect image" && c.Name == "hal/worker-x" { // after the hash, before the build
				put(p, "tool", "v2")
			}
			return nil
		})
		_, err := builder.Build(ctx, p)
		Expect(err).To(MatchError(errChanged))
		Expect(tagged()).To(BeEmpty())
	})

	DescribeTable("does not pull what is missing, and says how to come by it",
		func(ctx SpecContext, dockerfile, message string) {
			put(p, "Dockerfile", dockerfile)
			engine.RemoveImage("hal/worker")
			_, err := builder.Build(ctx, p)
			Expect(err).To(MatchError(ContainSubstring(message)))
			Expect(engine.Changes()).To(BeEmpty())
		},
		Entry("the worker", "\nFROM hal/worker\n", "x/Dockerfile:2: hal/worker is not on the engine, and nothing is pulled unasked: make it with `make images`"),
		Entry("the small worker", "FROM hal/worker-ultramin\n", "make it with `make images`"),
		Entry("a profile", "FROM hal/worker-go\n", "make it with `hal-controller images build go`"),
		Entry("an image of a stage", "FROM golang:1 AS b\nFROM hal/worker\n", "get it with `docker pull golang:1`"),
		Entry("an image to copy from", "FROM hal/base\nCOPY --from=busybox /x /\nFROM hal/worker\n", "x/Dockerfile:1: hal/base"),
	)

	It("ends with the caller's time", func(ctx SpecContext) {
		ending, cancel := context.WithCancel(ctx)
		engine.OnBuild(func(string) (string, error) {
			cancel()
			<-ending.Done()
			select {}
		})
		_, err := builder.Build(ending, p)
		Expect(err).To(MatchError(context.Canceled))
		Expect(tagged()).To(BeEmpty())
	})

	It("passes on that the engine cannot be reached", func(ctx SpecContext) {
		engine.Down(true)
		_, err := builder.Build(ctx, p)
		Expect(err).To(MatchError(runtime.ErrUnavailable))
	})
})

var _ = DescribeTable("An image is fit for workers",
	func(user string, layers []string, problem string) {
		err := fit(runtime.ImageInspection{User: user, Layers: layers}, runtime.ImageInspection{Layers: []string{"a", "b"}})
		if problem == "" {
			Expect(err).NotTo(HaveOccurred())
			return
		}
		Expect(err).To(MatchError(ContainSubstring(problem)))
	},
	Entry("on top of the worker's layers", "claude", []string{"a", "b", "c"}, ""),
	Entry("of the worker's layers alone", "1001:1001", []string{"a", "b"}, ""),
	Entry("not without a user", "", []string{"a", "b"}, "would run as root"),
	Entry("not as root's number", "0", []string{"a", "b"}, "would run as root"),
	Entry("not as root with a group", "root:claude", []string{"a", "b"}, "would run as root"),
	Entry("not on other layers", "claude", []string{"a", "c", "b"}, "does not build on hal/worker"),
	Entry("not on some of the layers", "claude", []string{"a"}, "does not build on hal/worker"),
)
