package api_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// waiting is a backend whose claims wait until their callers go away.
type waiting struct {
	*fake.Backend
	begun chan api.ClaimRequest
	ended chan error
}

func (w waiting) Claim(ctx context.Context, request api.ClaimRequest, place func(int)) (api.Claim, error) {
	place(0)
	w.begun <- request
	<-ctx.Done()
	w.ended <- ctx.Err()
	return api.Claim{}, ctx.Err()
}

var _ = Describe("claims, over a socket,", func() {
	var (
		backend *fake.Backend
		socket  string
		client  *api.Client
	)
	BeforeEach(func() {
		backend = &fake.Backend{}
		socket, _ = serve(api.NewServer(backend))
		client = api.NewClient(socket)
	})
	bound := api.Claim{Name: "fix", Pool: "dev", Container: "hal-dev-0.fix", Phase: "Bound", Project: "/src/shop"}
	request := api.ClaimRequest{Name: "fix", Pool: "dev", Project: "/src/shop"}
	ignore := func(int) {}

	It("are listed as they are, and as an empty list where there are none", func(ctx SpecContext) {
		_, answer := raw(socket, "GET", "/v1/claims", "")
		Expect(answer).To(Equal("[]\n"))
		full := bound
		full.ContainerID, full.User, full.Message = "0123", "amy", "told"
		full.Created, full.Expires = time.Unix(1000, 0).UTC(), time.Unix(2000, 0).UTC()
		backend.SetClaims(full, api.Claim{Name: "other", Phase: "Lost", Created: time.Unix(1, 0).UTC()})
		Expect(client.Claims(ctx)).To(Equal(backend.Claims()))
	})

	It("are answered at once, as one object, where nobody has to wait", func(ctx SpecContext) {
		Expect(client.Claim(ctx, request, func(int) { Fail("there is no line") })).To(Equal(bound))
		Expect(backend.Calls()).To(Equal([]string{"claim dev fix /src/shop"}))
		status, answer := raw(socket, "POST", "/v1/claims", `{"name": "b", "pool": "dev"}`)
		Expect(status).To(Equal(http.StatusOK))
		Expect(answer).To(MatchJSON(`{"name": "b", "pool": "dev", "container": "hal-dev-0.b", "containerID": "", "phase": "Bound", "created": "0001-01-01T00:00:00Z"}`))
	})

	It("are told each of their places in line, in order, and then the worker", func(ctx SpecContext) {
		backend.SetPlaces(2, 1, 0)
		var places []int
		Expect(client.Claim(ctx, request, func(n int) { places = append(places, n) })).To(Equal(bound))
		Expect(places).To(Equal([]int{2, 1, 0}))
		status, answer := raw(socket, "POST", "/v1/claims", `{"name": "b", "pool": "dev"}`)
		Expect(status).To(Equal(http.StatusOK))
		Expect(strings.Split(answer, "\n")).To(HaveExactElements(
			MatchJSON(`{"place": 2}`), MatchJSON(`{"place": 1}`), MatchJSON(`{"place": 0}`), HavePrefix(`{"claim":{"name":"b"`), "",
		))
	})

	DescribeTable("are refused with what the backend says, whether or not somebody has waited",
		func(ctx SpecContext, err error, code api.ErrorCode, status int) {
			for _, places := range [][]int{nil, {1, 0}} {
				backend.SetPlaces(places...)
				backend.Fail(err)
				_, got := client.Claim(ctx, request, ignore)
				Expect(got).To(Equal(&api.Error{Code: code, Message: err.Error()}))
			}
			backend.SetPlaces()
			answered, _ := raw(socket, "POST", "/v1/claims", `{"name": "fix", "pool": "dev"}`)
			Expect(answered).To(Equal(status))
		},
		Entry("a no", &api.Error{Code: api.CodeRefused, Message: "pool is empty"}, api.CodeRefused, http.StatusConflict),
		Entry("no such pool", &api.Error{Code: api.CodeNotFound, Message: "no pool"}, api.CodeNotFound, http.StatusNotFound),
		Entry("a name that is taken", &api.Error{Code: api.CodeTaken, Message: "taken"}, api.CodeTaken, http.StatusConflict),
		Entry("no engine", fmt.Errorf("claim: %w", runtime.ErrUnavailable), api.CodeUnavailable, http.StatusServiceUnavailable),
		Entry("anything else", errors.New("boom"), api.CodeInternal, http.StatusInternalServerError),
	)

	It("end with their callers, and get all that was asked for", func(ctx SpecContext) {
		line := waiting{Backend: backend, begun: make(chan api.ClaimRequest, 1), ended: make(chan error, 1)}
		socket, _ := serve(api.NewServer(line))
		asked := api.ClaimRequest{
			Name: "fix", Pool: "dev", Project: "/src/shop", Fresh: true,
			Env: map[string]string{"A": "b=c\n"}, Secrets: map[string][]byte{"key": {0, 255}},
			TTL: spec.Duration(time.Hour), OnEmpty: spec.OnEmptyQueue, Wait: spec.Duration(time.Minute),
		}
		within, cancel := context.WithCancel(ctx)
		placed := make(chan int, 1)
		failed := make(chan error, 1)
		go func() {
			_, err := api.NewClient(socket).Claim(within, asked, func(n int) { placed <- n })
			failed <- err
		}()
		Eventually(placed).Should(Receive(BeZero()))
		Expect(line.begun).To(Receive(Equal(asked)))
		cancel()
		Eventually(line.ended).Should(Receive(MatchError(context.Canceled)))
		Eventually(failed).Should(Receive(MatchError(context.Canceled)))
	})

	It("fail, and say where, when the daemon goes away while they wait", func(ctx SpecContext) {
		socket := GinkgoT().TempDir() + "/s"
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-ndjson")
			fmt.Fprintln(w, `{"place": 3}`)
		})}
		go func() { _ = server.Serve(listener) }()
		DeferCleanup(server.Close)
		_, err = api.NewClient(socket).Claim(ctx, request, ignore)
		Expect(err).To(MatchError(ContainSubstring("read the answer of the daemon at " + socket)))
	})

	DescribeTable("that nobody can have understood are refused",
		func(method, path, body, words string) {
			status, answer := raw(socket, method, path, body)
			Expect(status).To(Equal(http.StatusBadRequest))
			Expect(answer).To(ContainSubstring(words))
			Expect(backend.Calls()).To(BeEmpty())
		},
		Entry("for a word that there is not", "POST", "/v1/claims", `{"nmae": "fix"}`, "nmae"),
		Entry("for what is no JSON", "POST", "/v1/claims", `name: fix`, "invalid character"),
		Entry("for an extension by nothing", "POST", "/v1/claims/fix/extend", `{}`, "say by how much"),
		Entry("for an extension backwards", "POST", "/v1/claims/fix/extend", `{"by": "-1h"}`, "a duration cannot be negative"),
		Entry("for a discard that is no yes or no", "DELETE", "/v1/claims/fix?discard=perhaps", "", "discard"),
		Entry("for a stage that there is not", "DELETE", "/v1/claims/fix?until=later", "", `until \"later\" is none of recorded, saved, gone`),
	)

	It("are released as far as is asked for, and it is told where work was rescued to", func(ctx SpecContext) {
		backend.SetClaims(bound)
		backend.SetRescued("fix", "/rescued/fix")
		Expect(client.Release(ctx, "fix", api.ReleaseOptions{Until: api.Saved, ContainerID: "123"})).To(Equal(api.Released{Rescued: "/rescued/fix"}))
		Expect(client.Claims(ctx)).To(BeEmpty())
		Expect(client.Release(ctx, "fix", api.ReleaseOptions{Until: api.Gone, Discard: true})).To(Equal(api.Released{Rescued: "/rescued/fix"}))
		Expect(client.Release(ctx, "fix", api.ReleaseOptions{})).To(BeZero())
		Expect(backend.Calls()).To(Equal([]string{"release fix saved 123", "release fix gone discard", "release fix recorded"}))
		backend.Fail(&api.Error{Code: api.CodeRefused, Message: "another person's"})
		_, err := client.Release(ctx, "fix", api.ReleaseOptions{})
		Expect(err).To(MatchError("another person's"))
	})

	It("are extended", func(ctx SpecContext) {
		backend.SetClaims(bound)
		extended, err := client.Extend(ctx, "fix", 90*time.Minute)
		Expect(err).NotTo(HaveOccurred())
		Expect(extended.Expires).To(BeTemporally("~", time.Now().Add(90*time.Minute), time.Minute))
		_, err = client.Extend(ctx, "none", time.Hour)
		Expect(err).To(Equal(&api.Error{Code: api.CodeNotFound, Message: `no claim "none"`}))
		Expect(backend.Calls()).To(Equal([]string{"extend fix 1h30m0s", "extend none 1h0m0s"}))
	})

	It("may have any name in a path, which is then one name", func(ctx SpecContext) {
		Expect(client.Release(ctx, "a/../b?until=gone", api.ReleaseOptions{})).To(BeZero())
		Expect(backend.Calls()).To(Equal([]string{"release a/../b?until=gone recorded"}))
	})
})
