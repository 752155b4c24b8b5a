package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/reconcile"
)

var _ = Describe("a client that is told as things happen", func() {
	var (
		backend *fake.Backend
		socket  string
		stop    func() error
		client  *api.Client
	)
	BeforeEach(func() {
		backend = &fake.Backend{}
		backend.SetPools(pool("dev", 3), pool("ci", 1))
		socket, stop = serve(api.NewServer(backend))
		client = api.NewClient(socket)
	})

	Describe("logs", func() {
		BeforeEach(func() { backend.SetLogs("hal-dev-0", "one\ntwo\nthree\n") })

		DescribeTable("are plain text from the last lines on",
			func(ctx SpecContext, tail int, want string) {
				logs, err := client.Logs(ctx, "hal-dev-0", tail, false)
				Expect(err).NotTo(HaveOccurred())
				defer logs.Close()
				Expect(io.ReadAll(logs)).To(BeEquivalentTo(want))
			},
			Entry("all", -1, "one\ntwo\nthree\n"),
			Entry("two", 2, "two\nthree\n"),
			Entry("none", 0, ""),
		)

		It("go on while they are followed, until the caller has enough", func(ctx SpecContext) {
			within, enough := context.WithCancel(ctx)
			logs, err := client.Logs(within, "hal-dev-0", 1, true)
			Expect(err).NotTo(HaveOccurred())
			defer logs.Close()
			first := make([]byte, 6)
			Expect(io.ReadFull(logs, first)).To(Equal(6))
			Expect(string(first)).To(Equal("three\n"))
			enough()
			_, err = io.ReadAll(logs)
			Expect(err).To(MatchError(context.Canceled))
		})

		It("of a container that is not there are an error", func(ctx SpecContext) {
			_, err := client.Logs(ctx, "hal-dev-9", -1, false)
			var answer *api.Error
			Expect(errors.As(err, &answer)).To(BeTrue())
			Expect(answer.Code).To(Equal(api.CodeNotFound))
		})
	})

	Describe("a watch of events", func() {
		event := func(pool, reason string) reconcile.Event {
			return reconcile.Event{Time: time.Unix(int64(len(reason)), 0).UTC(), Pool: pool, Type: reconcile.EventNormal, Reason: reason, Object: "x"}
		}

		It("has those of the past and then those to come, of the pool asked for", func(ctx SpecContext) {
			backend.Events().Add(event("dev", "Create"))
			backend.Events().Add(event("ci", "Start"))
			Expect(client.Events(ctx, "dev")).To(Equal([]reconcile.Event{event("dev", "Create")}))
			var seen []string
			for e, err := range client.WatchEvents(ctx, "dev") {
				Expect(err).NotTo(HaveOccurred())
				seen = append(seen, e.Reason)
				if len(seen) == 1 {
					backend.Events().Add(event("ci", "Stop"))
					backend.Events().Add(event("dev", "Remove"))
				}
				if len(seen) == 2 {
					break
				}
			}
			Expect(seen).To(Equal([]string{"Create", "Remove"}))
		})
	})

	Describe("a watch of pools", func() {
		It("has all pools, and then each change of one", func(ctx SpecContext) {
			within, enough := context.WithCancel(ctx)
			defer enough()
			var seen []string
			for change, err := range client.WatchPools(within) {
				Expect(err).NotTo(HaveOccurred())
				seen = append(seen, fmt.Sprintf("%s %s %d", change.Type, change.Object.Metadata.Name, change.Object.Spec.Workers.Warm))
				switch len(seen) {
				case 2:
					backend.SetPools(pool("dev", 4), pool("ci", 1), pool("new", 2))
					backend.Events().Add(reconcile.Event{Pool: "dev"})
				case 4:
					backend.SetPools(pool("ci", 1), pool("new", 2)) // no event tells
				case 5:
					enough()
				}
			}
			Expect(seen).To(Equal([]string{"ADDED dev 3", "ADDED ci 1", "MODIFIED dev 4", "ADDED new 2", "DELETED dev 4"}))
		})

		It("can be of one pool, which may not be there", func(ctx SpecContext) {
			var seen []string
			for p, err := range client.WatchPool(ctx, "new") {
				Expect(err).NotTo(HaveOccurred())
				if p == nil {
					seen = append(seen, "none")
				} else {
					seen = append(seen, fmt.Sprint(p.Spec.Workers.Warm))
				}
				switch len(seen) {
				case 1:
					backend.SetPools(pool("dev", 3), pool("new", 2))
				case 2:
					backend.SetPools(pool("dev", 4))
				}
				backend.Events().Add(reconcile.Event{})
				if len(seen) == 3 {
					break
				}
			}
			Expect(seen).To(Equal([]string{"none", "2", "none"}))
		})

		It("ends with an error when the daemon does", func(ctx SpecContext) {
			var last error
			for _, err := range client.WatchPools(ctx) {
				if last = err; last == nil {
					go func() { _ = stop() }()
				}
			}
			Expect(last).To(MatchError(api.ErrNoDaemon))
			Expect(last).To(MatchError(ContainSubstring(socket + " any more")))
		})
	})
})
