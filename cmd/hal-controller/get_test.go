package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

var _ = Describe("get", func() {
	var backend *fake.Backend
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(readyPool("dev"), brokenPool("ci"))
		serving(backend)
	})

	DescribeTable("prints tables",
		func(args string, want string) {
			Expect(hal(strings.Fields(args)...)).To(Equal(outcome{out: strings.TrimPrefix(want, "\n")}))
		},
		Entry("of pools", "get pools", `
NAME   READY   WARM   CLAIMED   FAILED   UPDATED   AGE   STATUS
dev    2       2      1         0        2         6h    Ready
ci     1       2      1         0        1         6h    CrashLoop
`),
		Entry("of one pool, by its short kind", "get po dev", `
NAME   READY   WARM   CLAIMED   FAILED   UPDATED   AGE   STATUS
dev    2       2      1         0        2         6h    Ready
`),
		Entry("with more columns", "get pool/dev -o wide", `
NAME   READY   WARM   CLAIMED   FAILED   UPDATED   AGE   STATUS   REVISION   SOURCE      MESSAGE
dev    2       2      1         0        2         6h    Ready    abc123     pool.yaml   2 of 2 warm workers ready
`),
		Entry("of a pool's workers", "get workers --pool dev", `
NAME                POOL   PHASE     CLAIM     REVISION   AGE   MESSAGE
hal-dev-0           dev    Ready     -         abc123     4h    -
hal-dev-1           dev    Ready     -         abc123     3h    -
hal-dev-2.fix-bug   dev    Claimed   fix-bug   abc123     5h    -
`),
		Entry("of single workers", "get w/hal-dev-1 worker/hal-ci-0 --no-headers", `
hal-dev-1   dev   Ready   -   abc123   3h   -
hal-ci-0    ci    Ready   -   abc123   4h   -
`),
		Entry("of services, with ids as the engine shows them", "get svc --pool dev -o wide", `
NAME              POOL   ROLE      PHASE   AGE   MESSAGE   IMAGE          ID
hal-dev-sandbox   dev    sandbox   Ready   6h    -         hal/pause:v1   s0
hal-dev-parent    dev    parent    Ready   6h    -         hal/parent     0123456789ab
`),
		Entry("of volumes", "get volumes", `
NAME            POOL   VOLUME   RECLAIM   EXISTS
hal-dev-cache   dev    cache    Retain    true
hal-ci-cache    ci     cache    Retain    true
`),
		Entry("of nothing but names", "get workers --pool ci -o name", `
worker/hal-ci-0
`),
	)

	It("prints one object that was named, as the manifest with its status", func() {
		got := hal("get", "pool", "dev", "-o", "yaml")
		Expect(got.code).To(Equal(exitYes))
		Expect(got.out).To(HavePrefix("apiVersion: hal/v1alpha1\nkind: Pool\nmetadata:\n  name: dev\nspec:\n"))
		Expect(got.out).To(And(ContainSubstring("maxUnavailable: 20%"), ContainSubstring("status:\n"), ContainSubstring("revision: abc123")))
	})

	It("prints a list where not one was named", func() {
		var list struct {
			APIVersion, Kind string
			Items            []struct {
				Kind, Pool, Name, Phase string
			}
		}
		Expect(json.Unmarshal([]byte(hal("get", "workers", "--pool", "ci", "-o", "json").out), &list)).To(Succeed())
		Expect(list.APIVersion).To(Equal("hal/v1alpha1"))
		Expect(list.Kind).To(Equal("List"))
		Expect(list.Items).To(HaveLen(1))
		Expect(list.Items[0].Kind + " " + list.Items[0].Pool + " " + list.Items[0].Name + " " + list.Items[0].Phase).To(Equal("Worker ci hal-ci-0 Ready"))
	})

	It("has an empty list where there is nothing, and a word about it for people", func() {
		backend.SetPools()
		Expect(hal("get", "workers", "-o", "json").out).To(MatchJSON(`{"apiVersion": "hal/v1alpha1", "kind": "List", "items": []}`))
		Expect(hal("get", "workers")).To(Equal(outcome{err: "no workers found\n"}))
	})

	DescribeTable("says what is wrong, and what was probably meant",
		func(args string, code int, message string) {
			got := hal(strings.Fields(args)...)
			Expect(got.code).To(Equal(code))
			Expect(got.err).To(ContainSubstring(message))
		},
		Entry("nothing asked for", "get", exitUsage, "say what: hal-controller get pools, workers, services or volumes"),
		Entry("an unknown kind", "get workrs", exitUsage, `there is no kind of thing called "workrs": did you mean "workers"?`),
		Entry("a kind like no other", "get secrets", exitUsage, "it is one of pools, workers, services, volumes"),
		Entry("an unknown name", "get worker hal-dev-9", exitNo, `no worker "hal-dev-9": did you mean "hal-dev-0"?`),
		Entry("an unknown pool", "get workers --pool deb", exitNo, `no pool "deb": did you mean "dev"?`),
		Entry("two kinds", "get pool/dev worker/hal-dev-0", exitUsage, "one kind at a time"),
		Entry("a kind said twice", "get pool pool/dev", exitUsage, "say either pool NAME or pool/NAME"),
		Entry("no name", "get pool/", exitUsage, "say TYPE/NAME for each"),
		Entry("a form that is none", "get pools -o jsn", exitUsage, `did you mean "json"?`),
		Entry("a form that does not stream", "get pools -w -o yaml", exitUsage, "and not yaml"),
	)

	It("prints what is there of what was named, before it says what is not", func() {
		got := hal("get", "workers", "hal-dev-0", "hal-dev-7", "-o", "name")
		Expect(got.out).To(Equal("worker/hal-dev-0\n"))
		Expect(got.err).To(ContainSubstring(`no worker "hal-dev-7"`))
		Expect(got.code).To(Equal(exitNo))
	})

	Describe("-w", func() {
		// watching starts a command line, and ends it with the spec.
		watching := func(args ...string) (*gbytes.Buffer, func() int) {
			out := gbytes.NewBuffer()
			ctx, cancel := context.WithCancel(context.Background())
			code := make(chan int, 1)
			go func() { code <- (&app{in: strings.NewReader(""), out: out, errOut: &bytes.Buffer{}}).main(ctx, args) }()
			stop := func() int {
				cancel()
				result := <-code
				code <- result
				return result
			}
			DeferCleanup(stop)
			return out, stop
		}
		change := func(pools ...spec.Pool) {
			backend.SetPools(pools...)
			backend.Events().Add(reconcile.Event{Pool: "dev"})
		}

		It("prints a row again when it changes, in line with those before", func() {
			out, stop := watching("get", "pools", "-w")
			Eventually(out).Should(gbytes.Say("ci     1 .* CrashLoop\n"))
			change(brokenPool("dev"), brokenPool("ci"))
			Eventually(out, "5s").Should(gbytes.Say(`^dev    1       2      1         0        1         6h    CrashLoop\n`))
			change(brokenPool("ci"))
			Eventually(out, "5s").Should(gbytes.Say(`^dev    1       2      1         0        1         6h    Deleted\n`))
			Expect(stop()).To(Equal(exitYes))
		})

		It("is silent about what is not shown", func() {
			out, _ := watching("get", "workers", "--pool", "dev", "-w", "--no-headers")
			Eventually(out).Should(gbytes.Say("hal-dev-2.fix-bug"))
			Eventually(out).Should(gbytes.Say("\n"))
			changed := readyPool("dev")
			changed.Status.ObservedGeneration = 2
			changed.Status.Workers[1].Phase = "Terminating"
			change(changed)
			Eventually(out, "5s").Should(gbytes.Say(`^hal-dev-1           dev   Terminating`))
		})

		It("prints a line of JSON for each change", func() {
			out, _ := watching("get", "pool", "dev", "-w", "-o", "json")
			Eventually(out).Should(gbytes.Say(`^{"type":"ADDED","object":{"apiVersion":"hal/v1alpha1","kind":"Pool".*}\n`))
			change()
			Eventually(out, "5s").Should(gbytes.Say(`^{"type":"DELETED","object":.*}\n`))
		})
	})

	It("says that nobody answers, where neither daemon nor engine does", func() {
		GinkgoT().Setenv("HAL_SOCKET", GinkgoT().TempDir()+"/none.sock")
		got := hal("get", "pools")
		Expect(got.code).To(Equal(exitUnavailable))
		Expect(got.out).To(BeEmpty())
		Expect(got.err).To(And(ContainSubstring("no daemon at "), ContainSubstring("hal-controller run -f"), ContainSubstring("docker.sock")))
	})
})

var _ = DescribeTable("the one word for a pool",
	func(change func(*spec.Pool), want string) {
		p := readyPool("dev")
		change(&p)
		word, _ := headline(p.Status)
		Expect(word).To(Equal(want))
	},
	Entry("is Ready when all is as declared", func(*spec.Pool) {}, "Ready"),
	Entry("is Pending before the first look", func(p *spec.Pool) { p.Status = nil }, "Pending"),
	Entry("is what is wrong, before anything else", func(p *spec.Pool) {
		setCondition(p, spec.ConditionDegraded, spec.ConditionTrue, spec.ReasonImageMissing, "")
		setCondition(p, spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonReplenishing, "")
	}, "ImageMissing"),
	Entry("tells of an edit that is not in force", func(p *spec.Pool) {
		setCondition(p, spec.ConditionManifestValid, spec.ConditionFalse, spec.ReasonManifestInvalid, "")
	}, "ManifestInvalid"),
	Entry("is what goes on", func(p *spec.Pool) {
		setCondition(p, spec.ConditionProgressing, spec.ConditionTrue, spec.ReasonRollingOut, "")
	}, "RollingOut"),
	Entry("is why it stands still", func(p *spec.Pool) {
		setCondition(p, spec.ConditionProgressing, spec.ConditionFalse, spec.ReasonSuspended, "")
	}, "Suspended"),
	Entry("is why it is not ready", func(p *spec.Pool) {
		setCondition(p, spec.ConditionReady, spec.ConditionFalse, spec.ReasonBelowMinimum, "")
	}, "BelowMinimum"),
	Entry("is Unknown where nobody looks", func(p *spec.Pool) { p.Status.Conditions = nil }, "Unknown"),
)

var _ = Describe("a table", func() {
	It("keeps a message on its line, and rows printed later in line", func() {
		var out bytes.Buffer
		t := table{w: &out}
		Expect(t.print([]string{"NAME", "MESSAGE"}, []string{"a-long-name", "two\nlines\tof it"})).To(Succeed())
		Expect(t.print([]string{"b", ""})).To(Succeed())
		Expect(out.String()).To(Equal("NAME          MESSAGE\na-long-name   two lines of it\nb             -\n"))
	})

	It("has no age for what has no time, and none below zero", func() {
		now := time.Now()
		Expect(age(time.Time{}, now)).To(BeEmpty())
		Expect(age(now.Add(time.Second), now)).To(Equal("0s"))
	})
})
