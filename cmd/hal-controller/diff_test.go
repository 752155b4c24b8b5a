package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

var _ = Describe("diff", func() {
	It("needs an engine, and ends with 4 without", func() {
		result := hal("diff", "-f", manifest(devPool))
		Expect(result.err).To(MatchRegexp(`engine unavailable.*hal doctor`))
		Expect(result.code).To(Equal(exitUnavailable))
	})
	It("ends with 2 when a manifest is invalid, before it asks the engine", func() {
		result := hal("diff", "-f", manifest(badPool))
		Expect(result.err).To(ContainSubstring("spec.workers.warm: -3"))
		Expect(result.code).To(Equal(exitUsage))
	})

	Describe("what it prints", func() {
		var engine *fake.Runtime
		BeforeEach(func() {
			engine = fake.New(time.Now)
			engine.AddImage("hal/worker")
		})
		difference := func(text string) (out, errOut string, differs bool) {
			GinkgoHelper()
			objects, problems := spec.Load("pool.yaml", []byte(text))
			Expect(problems.Err()).NotTo(HaveOccurred())
			diffs, err := differences(context.Background(), engine, poolsOf(objects), time.Now())
			Expect(err).NotTo(HaveOccurred())
			var o, e bytes.Buffer
			printDifferences(&o, &e, diffs)
			return o.String(), e.String(), diffs[0].differs()
		}
		converge := func(text string) {
			GinkgoHelper()
			objects, problems := spec.Load("pool.yaml", []byte(text))
			Expect(problems.Err()).NotTo(HaveOccurred())
			makeSo(engine, objects[0].Pool)
		}

		It("is every step to a new pool, and its cause", func() {
			out, errOut, differs := difference(devPool)
			Expect(differs).To(BeTrue())
			Expect(errOut).To(BeEmpty())
			Expect(out).To(Equal(lines(
				"pool/dev",
				"  + create network hal-dev: not found",
				"  + import image hal/pause:v1: not found",
				"  + create hal-dev-sandbox: not found",
				"  + start hal-dev-sandbox: created",
				"  + create hal-dev-0: 0 of 3 warm workers",
				"  + create hal-dev-1: 0 of 3 warm workers",
				"  + create hal-dev-2: 0 of 3 warm workers",
				"  + start hal-dev-0: created",
				"  + start hal-dev-1: created",
				"  + start hal-dev-2: created",
			)))
		})
		It("is nothing where all is as declared", func() {
			converge(devPool)
			out, errOut, differs := difference(devPool)
			Expect(out).To(BeEmpty())
			Expect(errOut).To(Equal("pool/dev is as declared\n"))
			Expect(differs).To(BeFalse())
		})
		It("has a sign for what is removed", func() {
			converge(devPool)
			out, _, differs := difference(withWarm(devPool, "2"))
			Expect(out).To(MatchRegexp(`^pool/dev\n  - stop hal-dev-\d: .*\n  - remove hal-dev-\d: .*\n$`))
			Expect(differs).To(BeTrue())
		})
		It("tells what a pool waits for apart, and that is a difference too", func() {
			converge(withWarm(devPool, "0"))
			out, errOut, differs := difference(withImage(withWarm(devPool, "1"), "gone"))
			Expect(out).To(BeEmpty())
			Expect(errOut).To(HavePrefix("pool/dev waits, ImageMissing: "))
			Expect(differs).To(BeTrue())
		})
		It("does not count that a pool is suspended", func() {
			out, errOut, differs := difference(withImage(devPool, "hal/worker\n  suspend: true"))
			Expect(out).To(BeEmpty())
			Expect(errOut).To(ContainSubstring("Suspended"))
			Expect(differs).To(BeFalse())
		})
	})

	It("has a JSON form with the same", func() {
		engine := fake.New(time.Now)
		objects, _ := spec.Load("pool.yaml", []byte(devPool))
		diffs, err := differences(context.Background(), engine, poolsOf(objects), time.Now())
		Expect(err).NotTo(HaveOccurred())
		var out bytes.Buffer
		Expect(printJSON(&out, diffReport{diffs})).To(Succeed())
		Expect(out.String()).To(MatchJSON(`{"pools": [{"name": "dev", "actions": [
			{"change": "+", "action": "create network hal-dev", "object": "hal-dev", "cause": "not found"},
			{"change": "+", "action": "import image hal/pause:v1", "object": "hal/pause:v1", "cause": "not found"},
			{"change": "+", "action": "create hal-dev-sandbox", "object": "hal-dev-sandbox", "cause": "not found"},
			{"change": "+", "action": "start hal-dev-sandbox", "object": "hal-dev-sandbox", "cause": "created"}
		], "waiting": [
			{"object": "3 workers of pool/dev", "reason": "ImageMissing", "message": "image hal/worker is not on the engine: build or pull it (docker pull hal/worker); it is used as soon as it is there"}
		]}]}`))
	})
	It("changes nothing on the engine", func() {
		engine := fake.New(time.Now)
		objects, _ := spec.Load("pool.yaml", []byte(devPool))
		_, err := differences(context.Background(), engine, poolsOf(objects), time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(engine.Snapshot().Containers).To(BeEmpty())
	})
})

// makeSo makes an engine as a pool declares it.
func makeSo(engine *fake.Runtime, p *spec.Pool) {
	GinkgoHelper()
	ctx := context.Background()
	for range 20 {
		state, err := reconcile.Snapshot(ctx, engine, p, time.Now())
		Expect(err).NotTo(HaveOccurred())
		plan := reconcile.Diff(state)
		if len(plan.Actions) == 0 {
			return
		}
		for _, action := range plan.Actions {
			Expect(carryOut(ctx, engine, action)).To(Succeed())
		}
	}
	Fail("the engine does not come to be as declared")
}

func carryOut(ctx context.Context, engine *fake.Runtime, action reconcile.Action) error {
	switch a := action.(type) {
	case reconcile.CreateNetwork:
		return engine.CreateNetwork(ctx, a.Spec)
	case reconcile.ImportPause:
		return engine.ImportPause(ctx)
	case reconcile.Create:
		_, err := engine.Create(ctx, a.Spec)
		return err
	case reconcile.Start:
		return engine.Start(ctx, a.ID)
	default:
		return fmt.Errorf("%s is not for an engine that is being filled", a)
	}
}

func withWarm(text, warm string) string {
	return strings.Replace(text, "warm: 3", "warm: "+warm, 1)
}

func withImage(text, image string) string {
	return strings.Replace(text, "image: hal/worker", "image: "+image, 1)
}
