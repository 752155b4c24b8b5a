package claim

import (
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

var _ = ginkgo.Describe("A claimed worker", func() {
	waiting := runtime.Usage{Processes: 3, CPU: time.Second, Network: 1000}
	look := func(edit func(*runtime.Usage)) runtime.Usage {
		now := waiting
		edit(&now)
		return now
	}

	ginkgo.DescribeTable("is idle when nothing is done in it", func(edit func(*runtime.Usage), sessions int, work bool) {
		Expect(atWork(waiting, look(edit), sessions, 3)).To(Equal(work))
	},
		ginkgo.Entry("as it was", func(*runtime.Usage) {}, 0, false),
		ginkgo.Entry("but for a little of the engine's own noise", func(u *runtime.Usage) { u.CPU += 10 * time.Millisecond; u.Network += 500 }, 0, false),
		ginkgo.Entry("not with somebody connected", func(*runtime.Usage) {}, 1, true),
		ginkgo.Entry("not with a process that only sleeps, as a silent build has", func(u *runtime.Usage) { u.Processes++ }, 0, true),
		ginkgo.Entry("not when its main process computes", func(u *runtime.Usage) { u.CPU += time.Second }, 0, true),
		ginkgo.Entry("not when it sends or receives", func(u *runtime.Usage) { u.Network += 1 << 20 }, 0, true),
	)

	ginkgo.It("is idle from the last time that something was done, and warned of once", func() {
		i := newIdleness()
		i.idle["r1"] = 3
		r := Record{Worker: "w", Revision: "r1"}
		start := time.Unix(0, 0)
		at := func(seconds int, u runtime.Usage) time.Duration {
			return i.saw(r, start.Add(time.Duration(seconds)*time.Second), u, 0)
		}
		Expect(at(100, waiting)).To(BeZero(), "the first look knows of nothing before")
		Expect(at(110, waiting)).To(Equal(10 * time.Second))
		Expect(at(120, waiting)).To(Equal(20 * time.Second))
		Expect(i.warn("w")).To(BeTrue())
		Expect(i.warn("w")).To(BeFalse())
		Expect(at(130, look(func(u *runtime.Usage) { u.Processes = 5 }))).To(BeZero())
		Expect(i.warn("w")).To(BeTrue(), "anew")
		Expect(at(140, waiting)).To(Equal(10 * time.Second))
	})

	ginkgo.It("is never idle when it is not known what its revision has while it waits", func() {
		i := newIdleness()
		r := Record{Worker: "w", Revision: "unknown"}
		for seconds := range 100 {
			Expect(i.saw(r, time.Unix(int64(seconds), 0), waiting, 0)).To(BeZero())
		}
	})

	ginkgo.It("is not idle while a connection to it is open", func() {
		c := &Claims{idleness: newIdleness(), sessions: newSessions()}
		c.idleness.idle["r1"] = 3
		r := Record{Worker: "w", Revision: "r1"}
		saw := func(second int64) time.Duration {
			return c.idleness.saw(r, time.Unix(second, 0), waiting, c.sessions.count(r.Worker))
		}
		closed, alsoClosed := c.Opened(r, nil), c.Opened(r, nil)
		saw(0)
		closed()
		closed() // counts once
		Expect(saw(60)).To(BeZero())
		alsoClosed()
		Expect(saw(120)).To(Equal(time.Minute))
	})
})
