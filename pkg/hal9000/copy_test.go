package hal9000

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/fake"
)

var _ = Describe("A copy", func() {
	var engine *fake.Runtime
	var copier Copier
	job := Job{
		From: []string{"hal9000-claude-home-2bd806c9", "hal9000-claude-session-2bd806c9"},
		To:   runtime.Mount{Type: runtime.MountBind, Source: "/state/users/1000/claude-home"},
		UID:  1000, GID: 1001,
	}
	BeforeEach(func() {
		engine = fake.New(time.Now)
		engine.AddImage("hal/worker")
		copier = Copier{Containers: engine, Image: "hal/worker"}
	})

	It("mounts the originals read-only, in their order, and the target alone to be written", func(ctx SpecContext) {
		var seen *runtime.Inspection
		engine.OnExec(func(c runtime.Container, _ []string) runtime.ExecResult {
			seen, _ = engine.Inspect(ctx, c.ID)
			return runtime.ExecResult{}
		})
		Expect(copier.Copy(ctx, job)).To(Equal(Copied))
		Expect(seen.Spec.Mounts).To(HaveExactElements(
			runtime.Mount{Type: runtime.MountBind, Source: "/state/users/1000/claude-home", Target: "/to"},
			runtime.Mount{Type: runtime.MountVolume, Source: "hal9000-claude-home-2bd806c9", Target: "/from/00", ReadOnly: true},
			runtime.Mount{Type: runtime.MountVolume, Source: "hal9000-claude-session-2bd806c9", Target: "/from/01", ReadOnly: true}))
	})

	DescribeTable("says what came of it, and leaves no container",
		func(ctx SpecContext, code int, want Outcome, problem string) {
			var command []string
			engine.OnExec(func(_ runtime.Container, c []string) runtime.ExecResult {
				command = c
				return runtime.ExecResult{ExitCode: code, Output: "mv: no space left\n"}
			})
			outcome, err := copier.Copy(ctx, job)
			Expect(outcome).To(Equal(want))
			if problem == "" {
				Expect(err).NotTo(HaveOccurred())
			} else {
				Expect(err).To(MatchError(problem))
			}
			Expect(command).To(HaveExactElements("sh", "-c", copyScript, "sh", "1000:1001"))
			Expect(engine.List(ctx, "")).To(BeEmpty())
		},
		Entry("when it is made", 0, Copied, ""),
		Entry("when the target has something in it", 10, HasData, ""),
		Entry("when the originals are empty", 11, Empty, ""),
		Entry("when it fails", 1, Outcome(""), "the copy ended with code 1: mv: no space left"),
	)

	It("takes away the container of one that was killed", func(ctx SpecContext) {
		id, err := engine.Create(ctx, copier.container(job))
		Expect(err).NotTo(HaveOccurred())
		Expect(engine.Start(ctx, id)).To(Succeed())
		Expect(copier.Copy(ctx, job)).To(Equal(Copied))
		Expect(engine.List(ctx, "")).To(BeEmpty())
	})

	It("leaves no container when its time is over", func(ctx SpecContext) {
		engine.Fail(func(c fake.Call) error {
			if c.Method == "exec" {
				return errors.New("out of time")
			}
			return nil
		})
		_, err := copier.Copy(ctx, job)
		Expect(err).To(MatchError(ContainSubstring("out of time")))
		Expect(engine.List(ctx, "")).To(BeEmpty())
	})

	It("says how to get the image that it needs", func(ctx SpecContext) {
		copier.Image = "hal/none"
		_, err := copier.Copy(ctx, job)
		Expect(err).To(MatchError(runtime.ErrImageMissing))
		Expect(err).To(MatchError(ContainSubstring("`make images` makes it")))
	})
})
