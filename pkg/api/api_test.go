package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

func pool(name string, warm int) spec.Pool {
	p := spec.Pool{APIVersion: spec.APIVersion, Kind: spec.KindPool, Metadata: spec.Metadata{Name: name}}
	p.Spec.Workers.Warm = warm
	p.Spec.Workers.Template.Image = "hal/worker"
	p.Spec.Workers.Template.Resources = spec.Resources{CPU: 500, Memory: 1 << 30, Pids: 100}
	p.Spec.Workers.Template.StopGracePeriod = spec.Duration(90 * time.Second)
	p.Spec.Workers.Update.MaxUnavailable = &spec.IntOrPercent{Value: 20, Percent: true}
	p.Spec.Services = []spec.NamedService{{Name: "cache", Service: spec.Service{Image: "cache"}}}
	p.Status = &spec.PoolStatus{Warm: warm, Conditions: []spec.Condition{{
		Type: spec.ConditionReady, Status: spec.ConditionTrue, LastTransitionTime: time.Unix(1000, 0).UTC(),
	}}}
	return p
}

// raw sends a request that the client would not.
func raw(socket, method, path, body string) (status int, answer string) {
	GinkgoHelper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", socket)
	}}}
	request, err := http.NewRequest(method, "http://hal"+path, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	response, err := client.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(text)
}

var _ = Describe("a client and a server", func() {
	var (
		backend *fake.Backend
		socket  string
		client  *api.Client
	)
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(pool("dev", 3), pool("ci", 1))
		socket, _ = serve(api.NewServer(backend))
		client = api.NewClient(socket)
	})

	It("say who answers", func(ctx SpecContext) {
		Expect(client.Info(ctx)).To(Equal(backend.Info()))
	})

	It("pass pools on as they are, with their status", func(ctx SpecContext) {
		Expect(client.Pools(ctx)).To(Equal(backend.Pools()))
		Expect(client.Pool(ctx, "dev")).To(Equal(pool("dev", 3)))
	})

	It("say of a pool that is not there which one is nearest", func(ctx SpecContext) {
		_, err := client.Pool(ctx, "deb")
		Expect(err).To(Equal(&api.Error{Code: api.CodeNotFound, Message: `no pool "deb": did you mean "dev"?`}))
	})

	It("have an empty list where there is nothing", func() {
		backend.SetPools()
		for _, path := range []string{"/v1/pools", "/v1/events"} {
			_, answer := raw(socket, "GET", path, "")
			Expect(answer).To(Equal("[]\n"))
		}
	})

	DescribeTable("pass changes on",
		func(ctx SpecContext, ask func(context.Context, *api.Client) error, call string) {
			Expect(ask(ctx, client)).To(Succeed())
			Expect(backend.Calls()).To(Equal([]string{call}))
		},
		Entry("reconcile", func(ctx context.Context, c *api.Client) error { return c.Reconcile(ctx, "dev") }, "reconcile dev"),
		Entry("rollout", func(ctx context.Context, c *api.Client) error { return c.Rollout(ctx, "dev", api.RolloutUndo) }, "rollout dev undo"),
		Entry("scale to none", func(ctx context.Context, c *api.Client) error { return c.Scale(ctx, "dev", 0) }, "scale dev 0"),
		Entry("suspend", func(ctx context.Context, c *api.Client) error { return c.Suspend(ctx, "dev", true) }, "suspend dev true"),
		Entry("resume", func(ctx context.Context, c *api.Client) error { return c.Suspend(ctx, "dev", false) }, "suspend dev false"),
		Entry("delete", func(ctx context.Context, c *api.Client) error { return c.Delete(ctx, "ci") }, "delete ci"),
	)

	It("change nothing for somebody who may not change pools, and show them all the same", func(ctx SpecContext) {
		no := &api.Error{Code: api.CodeRefused, Message: "user bob may not change pools"}
		backend.Refuse(no)
		for _, ask := range []func() error{
			func() error { return client.Reconcile(ctx, "dev") },
			func() error { return client.Rollout(ctx, "dev", api.RolloutUndo) },
			func() error { return client.Scale(ctx, "dev", 0) },
			func() error { return client.Suspend(ctx, "dev", true) },
			func() error { return client.Delete(ctx, "ci") },
			func() error { _, err := client.Apply(ctx, []byte("kind: Pool"), true); return err },
		} {
			Expect(ask()).To(Equal(no))
		}
		Expect(backend.Calls()).To(BeEmpty())
		Expect(client.Pools(ctx)).To(HaveLen(2))
	})

	It("pass a manifest on byte for byte", func(ctx SpecContext) {
		applied, err := client.Apply(ctx, []byte("# mine\nmetadata:\n  name: new\n"), true)
		Expect(err).NotTo(HaveOccurred())
		Expect(applied).To(Equal([]api.Applied{{Name: "new", Result: "created", File: "new.yaml", Generation: 1}}))
		Expect(backend.Calls()).To(Equal([]string{"apply dryRun=true # mine\nmetadata:\n  name: new\n"}))
	})

	DescribeTable("pass errors on with their code",
		func(ctx SpecContext, err error, want api.ErrorCode, status int) {
			backend.Fail(err)
			Expect(client.Scale(ctx, "dev", 4)).To(Equal(&api.Error{Code: want, Message: err.Error()}))
			got, _ := raw(socket, "POST", "/v1/pools/dev/scale", `{"warm": 4}`)
			Expect(got).To(Equal(status))
		},
		Entry("an answer", &api.Error{Code: api.CodeRefused, Message: "pool.yaml is not writable"}, api.CodeRefused, 409),
		Entry("problems of a manifest", error(spec.Problems{{File: "pool.yaml", Line: 3, Message: "wrong"}}), api.CodeInvalid, 400),
		Entry("an engine that is gone", fmt.Errorf("list containers: %w", runtime.ErrUnavailable), api.CodeUnavailable, 503),
		Entry("a container that is gone", fmt.Errorf("inspect: %w", runtime.ErrNotFound), api.CodeNotFound, 404),
		Entry("anything else", errors.New("disk full"), api.CodeInternal, 500),
	)

	DescribeTable("refuse requests that are wrong, and change nothing",
		func(method, path, body string, status int, message string) {
			got, answer := raw(socket, method, path, body)
			Expect(got).To(Equal(status))
			Expect(answer).To(ContainSubstring(message))
			Expect(backend.Calls()).To(BeEmpty())
		},
		Entry("an unknown field", "POST", "/v1/pools/dev/scale", `{"warm": 4, "max": 9}`, 400, `unknown field \"max\"`),
		Entry("a field left out", "POST", "/v1/pools/dev/scale", `{}`, 400, "say how many"),
		Entry("nothing said", "POST", "/v1/pools/dev/suspend", `{}`, 400, "say which"),
		Entry("no body", "POST", "/v1/pools/dev/suspend", ``, 400, "read the request's body"),
		Entry("more than one value", "POST", "/v1/pools/dev/suspend", `{"suspend": true} {}`, 400, "more than one"),
		Entry("a wrong type", "POST", "/v1/pools/dev/scale", `{"warm": "4"}`, 400, "read the request's body"),
		Entry("an unknown word", "POST", "/v1/pools/dev/rollout", `{"action": "restart"}`, 400, "none of pause, resume, undo"),
		Entry("too large a body", "POST", "/v1/apply", strings.Repeat("#", 1<<20+1), 400, "more than 1048576 bytes"),
		Entry("neither true nor false", "POST", "/v1/apply?dryRun=maybe", "", 400, "dryRun=maybe: true or false"),
		Entry("no number", "GET", "/v1/containers/x/logs?tail=all", "", 400, "tail=all: a number of lines"),
		Entry("an unknown path", "GET", "/v2/pools", "", 404, "GET /v2/pools is nothing that version fake serves"),
		Entry("an unknown method", "PATCH", "/v1/pools/dev", "", 404, "PATCH /v1/pools/dev"),
	)

	It("say so when what answers is no daemon", func(ctx SpecContext) {
		other, _ := serve(http.NotFoundHandler())
		_, err := api.NewClient(other).Info(ctx)
		Expect(err).To(MatchError(And(ContainSubstring("answered 404 Not Found"), ContainSubstring(other))))
	})
})

var _ = Describe("a client without a server", func() {
	It("says where it looked, and how to start one", func(ctx SpecContext) {
		socket := filepath.Join(GinkgoT().TempDir(), "hal.sock")
		_, err := api.NewClient(socket).Pools(ctx)
		Expect(err).To(MatchError(api.ErrNoDaemon))
		Expect(err).To(MatchError("no daemon at " + socket + ": start one with: hal-controller run -f PATH"))
		for _, err := range api.NewClient(socket).WatchPools(ctx) {
			Expect(err).To(MatchError(api.ErrNoDaemon))
		}
	})

	It("takes a socket that a killed daemon left for none", func(ctx SpecContext) {
		path := filepath.Join(GinkgoT().TempDir(), "hal.sock")
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
		Expect(err).NotTo(HaveOccurred())
		listener.SetUnlinkOnClose(false)
		Expect(listener.Close()).To(Succeed())
		Expect(api.NewClient(path).Reconcile(ctx, "dev")).To(MatchError(api.ErrNoDaemon))
	})
})
