package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/spec"
)

// asked is a daemon that remembers what the last claim asked for.
type asked struct {
	*fake.Backend
	mu      sync.Mutex
	request api.ClaimRequest
	// wait, if it is there, is told of the claim, and holds it until its caller goes.
	wait chan struct{}
	// late has the claim bound although its caller has gone.
	late bool
}

func (a *asked) Claim(ctx context.Context, request api.ClaimRequest, place func(int)) (api.Claim, error) {
	a.mu.Lock()
	a.request = request
	a.mu.Unlock()
	if a.wait == nil {
		return a.Backend.Claim(ctx, request, place)
	}
	place(1)
	if a.late {
		a.SetClaims(api.Claim{Name: request.Name, Pool: request.Pool, Phase: "Bound"})
	}
	close(a.wait)
	<-ctx.Done()
	return api.Claim{}, ctx.Err()
}

func (a *asked) last() api.ClaimRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.request
}

// interrupt runs a command line and interrupts it once a claim is under way.
func interrupt(daemon *asked, args ...string) outcome {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	var out, errOut strings.Builder
	ended := make(chan int, 1)
	go func() { ended <- (&app{in: strings.NewReader(""), out: &out, errOut: &errOut}).main(ctx, args) }()
	Eventually(daemon.wait).Should(BeClosed())
	cancel()
	var code int
	Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(&code))
	return outcome{out.String(), errOut.String(), code}
}

var _ = Describe("claim", func() {
	var daemon *asked
	BeforeEach(func() {
		daemon = &asked{Backend: &fake.Backend{}}
		daemon.SetPools(readyPool("dev"))
		serving(daemon)
	})

	It("prints the name of the claim, for what comes next", func() {
		Expect(hal("claim", "dev", "--name", "fix")).To(Equal(outcome{out: "claim/fix\n"}))
		Expect(daemon.Calls()).To(Equal([]string{"claim dev fix "}))
	})

	It("makes a name up, another one each time", func() {
		first, second := hal("claim", "dev"), hal("claim", "pool/dev")
		for _, got := range []outcome{first, second} {
			Expect(got.code).To(Equal(exitYes))
			Expect(got.out).To(MatchRegexp(`^claim/c[a-z2-7]{7}\n$`))
		}
		Expect(first.out).NotTo(Equal(second.out))
	})

	It("asks for all that its flags say", func() {
		file := filepath.Join(GinkgoT().TempDir(), "key")
		Expect(os.WriteFile(file, []byte("s3cret"), 0o600)).To(Succeed())
		GinkgoT().Setenv("FROM_HERE", "here")
		got := hal("claim", "dev", "--name", "fix", "--project", ".", "--env", "A=b=c", "--env", "FROM_HERE",
			"--secret", "key="+file, "--ttl", "1h", "--wait", "5s", "--on-empty", "queue")
		Expect(got).To(Equal(outcome{out: "claim/fix\n"}))
		here, err := os.Getwd()
		Expect(err).NotTo(HaveOccurred())
		Expect(daemon.last()).To(Equal(api.ClaimRequest{
			Name: "fix", Pool: "dev", Project: here,
			Env: map[string]string{"A": "b=c", "FROM_HERE": "here"}, Secrets: map[string][]byte{"key": []byte("s3cret")},
			TTL: spec.Duration(time.Hour), Wait: spec.Duration(5 * time.Second), OnEmpty: spec.OnEmptyQueue,
		}))
	})

	It("prints the claim as asked", func() {
		got := hal("claim", "dev", "--name", "fix", "-o", "json")
		var claim map[string]any
		Expect(json.Unmarshal([]byte(got.out), &claim)).To(Succeed())
		Expect(claim).To(And(
			HaveKeyWithValue("kind", "Claim"), HaveKeyWithValue("name", "fix"), HaveKeyWithValue("container", "hal-dev-0.fix"), HaveKeyWithValue("phase", "Bound"),
		))
		Expect(hal("claim", "dev", "--name", "fix", "-o", "table").out).To(MatchRegexp(`^NAME +POOL +WORKER .*\nfix +dev +hal-dev-0.fix `))
	})

	It("says its place in line, apart from the result", func() {
		daemon.SetPlaces(2, 1)
		Expect(hal("claim", "dev", "--name", "fix")).To(Equal(outcome{
			out: "claim/fix\n",
			err: "fix waits for a worker of pool dev: 2 claims before it\nfix waits for a worker of pool dev: 1 claim before it\n",
		}))
	})

	DescribeTable("refuses what cannot be meant, before anybody is asked",
		func(line, words string) {
			got := hal(strings.Fields(line)...)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring(words))
			Expect(daemon.Calls()).To(BeEmpty())
		},
		Entry("no pool", "claim", "claim"),
		Entry("a name that is none", "claim dev --name Fix_It", "--name: "),
		Entry("time backwards", "claim dev --ttl -1h", "must not be negative"),
		Entry("a variable that is none", "claim dev --env =b", "--env"),
		Entry("a secret without a file", "claim dev --secret key", `--secret "key": say it as NAME=FILE`),
		Entry("a secret that is not there", "claim dev --secret key=/nowhere/key", "--secret key: open /nowhere/key"),
		Entry("a secret that leads elsewhere", "claim dev --secret ../key=/dev/null", "--secret: "),
		Entry("an answer that is none", "claim dev --on-empty que", `did you mean "queue"?`),
	)

	DescribeTable("ends as the daemon answers",
		func(code api.ErrorCode, exit int) {
			daemon.Fail(&api.Error{Code: code, Message: "because"})
			Expect(hal("claim", "dev", "--name", "fix")).To(Equal(outcome{code: exit, err: "hal-controller: because\n"}))
		},
		Entry("with no", api.CodeRefused, exitNo),
		Entry("with no such pool", api.CodeNotFound, exitNo),
		Entry("out of time", api.CodeTimeout, exitTimeout),
		Entry("without an engine", api.CodeUnavailable, exitUnavailable),
	)

	It("that is interrupted leaves nothing, and does not say otherwise", func() {
		daemon.wait = make(chan struct{})
		got := interrupt(daemon, "claim", "dev", "--name", "fix")
		Expect(got.code).NotTo(Equal(exitYes))
		Expect(got.out).To(BeEmpty())
		Expect(got.err).NotTo(ContainSubstring("is bound"))
	})

	It("that is interrupted when it was bound already says so, and how to give it back", func() {
		daemon.wait, daemon.late = make(chan struct{}), true
		got := interrupt(daemon, "claim", "dev", "--name", "fix")
		Expect(got.code).NotTo(Equal(exitYes))
		Expect(got.err).To(ContainSubstring(`claim "fix" is bound: 'hal release fix' gives it back`))
	})
})

var _ = Describe("extend", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetClaims(api.Claim{Name: "fix", Pool: "dev"})
		serving(daemon)
	})

	It("moves the end, and says where to", func() {
		got := hal("extend", "fix", "--by", "2h")
		Expect(got.code).To(Equal(exitYes))
		stamp, found := strings.CutPrefix(strings.TrimSpace(got.out), "claim/fix ends ")
		Expect(found).To(BeTrue())
		at, err := time.ParseInLocation(time.DateTime, stamp, time.Local)
		Expect(err).NotTo(HaveOccurred())
		Expect(at).To(BeTemporally("~", time.Now().Add(2*time.Hour), time.Minute))
	})

	It("has to be told by how much", func() {
		for _, args := range [][]string{{"extend", "fix"}, {"extend", "fix", "--by", "-1h"}} {
			got := hal(args...)
			Expect(got.code).To(Equal(exitUsage))
			Expect(got.err).To(ContainSubstring("say by how much: --by 1h"))
		}
		Expect(daemon.Calls()).To(BeEmpty())
	})

	It("ends with no where there is no such claim", func() {
		Expect(hal("extend", "none", "--by", "1h")).To(Equal(outcome{code: exitNo, err: "hal-controller: no claim \"none\"\n"}))
	})
})

var _ = Describe("get claims", func() {
	var daemon *fake.Backend
	BeforeEach(func() {
		daemon = &fake.Backend{}
		daemon.SetPools(readyPool("dev"))
		daemon.SetClaims(
			api.Claim{
				Name: "fix", Pool: "dev", Container: "hal-dev-0.fix", ContainerID: "0123456789abcdef", User: "amy", Project: "/src/shop",
				Phase: "Bound", Created: hoursAgo(3), Expires: time.Now().Add(5*time.Hour + 30*time.Second),
			},
			api.Claim{Name: "gone", Pool: "ci", Container: "hal-ci-1.gone", Phase: "Lost", Message: "its container was removed", Created: hoursAgo(5)},
		)
		serving(daemon)
	})

	DescribeTable("prints tables",
		func(line, want string) {
			Expect(hal(strings.Fields(line)...)).To(Equal(outcome{out: strings.TrimPrefix(want, "\n")}))
		},
		Entry("of all", "get claims", `
NAME   POOL   WORKER          USER   PHASE   PROJECT     AGE   EXPIRES
fix    dev    hal-dev-0.fix   amy    Bound   /src/shop   3h    in 5h
gone   ci     hal-ci-1.gone   -      Lost    -           5h    -
`),
		Entry("of one, with more columns", "get claim/gone -o wide", `
NAME   POOL   WORKER          USER   PHASE   PROJECT   AGE   EXPIRES   MODE   ID   MESSAGE
gone   ci     hal-ci-1.gone   -      Lost    -         5h    -         -      -    its container was removed
`),
		Entry("of a pool's", "get claims --pool ci --no-headers", `
gone   ci   hal-ci-1.gone   -   Lost   -   5h   -
`),
		Entry("of nothing but names", "get claims gone fix -o name", `
claim/fix
claim/gone
`),
	)

	It("prints objects for programs", func() {
		var list struct {
			Kind  string
			Items []struct{ Kind, Name, Pool, ContainerID string }
		}
		Expect(json.Unmarshal([]byte(hal("get", "claims", "--pool", "dev", "-o", "json").out), &list)).To(Succeed())
		Expect(list.Kind).To(Equal("List"))
		Expect(list.Items).To(HaveExactElements(And(HaveField("Kind", "Claim"), HaveField("Name", "fix"), HaveField("ContainerID", "0123456789abcdef"))))
	})

	It("has an empty list where there is nothing, and a word about it for people", func() {
		daemon.SetClaims()
		Expect(hal("get", "claims", "-o", "json").out).To(MatchJSON(`{"apiVersion": "hal/v1alpha1", "kind": "List", "items": []}`))
		Expect(hal("get", "claims").err).To(Equal("no claims found\n"))
	})

	It("says which there is not, after what there is", func() {
		got := hal("get", "claims", "fix", "fux", "-o", "name")
		Expect(got.code).To(Equal(exitNo))
		Expect(got.out).To(Equal("claim/fix\n"))
		Expect(got.err).To(ContainSubstring(`no claim "fux": did you mean "fix"?`))
	})

	It("does not watch, and says what does", func() {
		got := hal("get", "claims", "-w")
		Expect(got.code).To(Equal(exitUsage))
		Expect(got.err).To(ContainSubstring("watch workers"))
	})
})
