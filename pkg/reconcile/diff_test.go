package reconcile_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// plan lays out an expected plan, one action a line.
func plan(lines ...string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func setWarm(n int) func(*spec.Pool) { return func(p *spec.Pool) { p.Spec.Workers.Warm = n } }
func setMax(n int) func(*spec.Pool)  { return func(p *spec.Pool) { p.Spec.Workers.Max = &n } }
func workerImage(i string) func(*spec.Pool) {
	return func(p *spec.Pool) { p.Spec.Workers.Template.Image = i }
}
func bridge(p *spec.Pool) { p.Spec.Network.Mode = spec.NetworkBridge }
func withCache(p *spec.Pool) {
	p.Spec.Services = []spec.NamedService{{Name: "cache", Service: spec.Service{Image: "parent:1"}}}
}
func noParent(p *spec.Pool) { p.Spec.Parent = nil }

var _ = Describe("Diff", func() {
	It("has nothing to do for a pool that is as declared, and waits for nothing", func() {
		p := reconcile.Diff(*steady())
		Expect(p.String()).To(BeEmpty())
		Expect(p.Waiting).To(BeEmpty())
	})

	It("never changes its argument and always decides the same", func() {
		s := steady()
		on(s, "hal-dev-0", exit(1, noon))
		first := reconcile.Diff(*s).String()
		for range 20 {
			Expect(reconcile.Diff(*s).String()).To(Equal(first))
		}
	})

	DescribeTable("from a steady state in which one thing has changed",
		func(change func(*reconcile.State), want string) {
			s := steady()
			change(s)
			Expect(reconcile.Diff(*s).String()).To(Equal(want))
		},
		Entry("creates the network and the volumes first, and nothing on top of them yet",
			func(s *reconcile.State) {
				s.Observed.Network, s.Observed.Containers, s.Observed.Volumes = nil, nil, nil
			}, plan("create network hal-dev: not found", "create volume hal-dev-data: not found")),
		Entry("imports the image of the sandbox where the engine does not have it",
			func(s *reconcile.State) {
				s.Observed.Containers = nil
				delete(s.Observed.Images, runtime.PauseImage)
			}, plan("import image hal/pause:v1: not found")),
		Entry("creates the sandbox before anything that joins it",
			func(s *reconcile.State) { s.Observed.Containers = nil },
			plan("create hal-dev-sandbox: not found")),
		Entry("creates the parent before the workers",
			func(s *reconcile.State) { s.Observed.Containers = s.Observed.Containers[:1] },
			plan("create hal-dev-parent: not found")),
		Entry("starts a container that has been created",
			func(s *reconcile.State) {
				on(s, "hal-dev-1", func(c *runtime.Container) { c.State, c.Inspection = runtime.StateCreated, nil })
			}, plan("start hal-dev-1: created")),
		Entry("makes up for a worker removed by hand, at the lowest free ordinal",
			func(s *reconcile.State) { remove(s, "hal-dev-0") },
			plan("create hal-dev-0: 1 of 2 warm workers")),
		Entry("replaces a worker that was killed, and removes it",
			func(s *reconcile.State) { on(s, "hal-dev-0", exit(137, noon)) },
			plan("create hal-dev-2: 1 of 2 warm workers", "remove hal-dev-0: exited with code 137")),
		Entry("replaces a worker that has ended just now, and leaves it until it is known how",
			func(s *reconcile.State) {
				on(s, "hal-dev-0", func(c *runtime.Container) { c.State, c.Inspection = runtime.StateExited, nil })
			}, plan("create hal-dev-2: 1 of 2 warm workers")),
		Entry("replaces a worker that crashed, and keeps it for a look",
			func(s *reconcile.State) { on(s, "hal-dev-0", exit(1, noon)) },
			plan("create hal-dev-2: 1 of 2 warm workers")),
		Entry("replaces a worker that was killed for its memory, and keeps it for a look",
			func(s *reconcile.State) {
				on(s, "hal-dev-0", exit(137, noon))
				on(s, "hal-dev-0", func(c *runtime.Container) { c.Inspection.OOMKilled = true })
			}, plan("create hal-dev-2: 1 of 2 warm workers")),
		Entry("stops and replaces a paused worker",
			func(s *reconcile.State) {
				on(s, "hal-dev-1", func(c *runtime.Container) { c.State = runtime.StatePaused })
			}, plan("stop hal-dev-1: paused", "create hal-dev-2: 1 of 2 warm workers")),
		Entry("stops and replaces a worker whose probe fails",
			func(s *reconcile.State) {
				s.Observed.Health["hal-dev-1"] = reconcile.Health{State: reconcile.HealthUnready, Since: noon, Message: "exited with code 1"}
			}, plan("stop hal-dev-1: not ready: exited with code 1", "create hal-dev-2: 1 of 2 warm workers")),
		Entry("gives a container that was renamed by hand its name back",
			func(s *reconcile.State) {
				on(s, "hal-dev-1", func(c *runtime.Container) { c.Name = "mine" })
			}, plan("rename mine to hal-dev-1: renamed by hand")),
		Entry("repairs limits in place",
			func(s *reconcile.State) {
				on(s, "hal-dev-1", func(c *runtime.Container) { c.Inspection.Spec.Limits.Pids = 7 })
			}, plan(`update hal-dev-1: limits drifted: pids: "7" -> "100"`)),
		Entry("repairs the limits of a claimed worker too",
			func(s *reconcile.State) {
				on(s, "hal-dev-1", func(c *runtime.Container) { c.Inspection.Spec.Limits.Pids = 7 })
				claim(s, "hal-dev-1", "amy")
				addWorker(s, 2)
			}, plan(`update hal-dev-1.amy: limits drifted: pids: "7" -> "100"`)),
		Entry("puts the engine's restart policy back to no",
			func(s *reconcile.State) {
				on(s, "hal-dev-0", func(c *runtime.Container) { c.Inspection.RestartPolicy = "always" })
			}, plan("update hal-dev-0: limits drifted: restart policy: always")),
		Entry("starts a parent again that has ended, in place",
			func(s *reconcile.State) { on(s, "hal-dev-parent", exit(1, noon)) },
			plan("start hal-dev-parent: exited with code 1")),
		Entry("starts a sandbox again that has ended, in place and before anything else",
			func(s *reconcile.State) { on(s, "hal-dev-sandbox", exit(137, noon)) },
			plan("start hal-dev-sandbox: exited with code 137")),
		Entry("replaces everything that holds a dead network namespace",
			func(s *reconcile.State) { on(s, "hal-dev-sandbox", restartedAt(noon)) },
			plan("stop hal-dev-parent: network namespace lost: its sandbox has been restarted",
				"stop hal-dev-0: network namespace lost: its sandbox has been restarted",
				"stop hal-dev-1: network namespace lost: its sandbox has been restarted")),
		Entry("removes a second container in the role of one",
			func(s *reconcile.State) {
				c := runningFrom(reconcile.Desire(s.Pool).Services[0].Spec)
				c.ID, c.Name = "twin", "hal-dev-parent-x"
				s.Observed.Containers = append(s.Observed.Containers, c)
			}, plan("stop hal-dev-parent-x: a second parent")),
		Entry("takes down a service that is not declared any more",
			func(s *reconcile.State) {
				s.Observed.Containers = append(s.Observed.Containers, runningFrom(reconcile.Desire(newPool(withCache)).Services[1].Spec))
			}, plan("stop hal-dev-cache: not declared")),
		Entry("replaces the sandbox when the ports that it publishes change",
			func(s *reconcile.State) { declare(s, noParent) },
			plan("stop hal-dev-sandbox: spec changed: ports: \"{127.0.0.1 8000 8000 tcp}\" -> \"\"")),
		Entry("leaves a claimed worker alone whatever has become of it",
			func(s *reconcile.State) {
				claim(s, "hal-dev-1", "amy")
				on(s, "hal-dev-1.amy", exit(1, noon))
				addWorker(s, 2)
			}, plan()),
		Entry("replaces a claimed worker at once",
			func(s *reconcile.State) { claim(s, "hal-dev-1", "amy") },
			plan("create hal-dev-2: 1 of 2 warm workers")),
		Entry("does not replace workers whose readiness hangs on a parent that is down",
			func(s *reconcile.State) {
				s.Observed.Health["hal-dev-parent"] = reconcile.Health{State: reconcile.HealthUnready, Since: noon, Message: "refused"}
				s.Observed.Health["hal-dev-0"] = reconcile.Health{State: reconcile.HealthUnready, Since: noon, Message: "no database"}
			}, plan()),
		Entry("restarts a parent that has not been ready for its startup timeout",
			func(s *reconcile.State) {
				s.Observed.Health["hal-dev-parent"] = reconcile.Health{State: reconcile.HealthUnready, Since: noon.Add(-time.Minute), Message: "refused"}
			}, plan("stop hal-dev-parent: not ready: refused")),
		Entry("replaces the parent when its image changes, and touches no worker",
			func(s *reconcile.State) {
				declare(s, func(p *spec.Pool) { p.Spec.Parent.Image = "parent:2" })
			}, plan(`stop hal-dev-parent: spec changed: image: "parent:1" -> "parent:2"`)),
		Entry("removes the stopped parent of an old spec",
			func(s *reconcile.State) {
				declare(s, func(p *spec.Pool) { p.Spec.Parent.Image = "parent:2" })
				on(s, "hal-dev-parent", exit(0, noon))
			}, plan(`remove hal-dev-parent: spec changed: image: "parent:1" -> "parent:2"`)),
		Entry("does nothing for a suspended pool",
			func(s *reconcile.State) {
				declare(s, func(p *spec.Pool) { p.Spec.Suspend = true })
				remove(s, "hal-dev-0")
			}, plan()),
		Entry("scales up",
			func(s *reconcile.State) { declare(s, setWarm(4)) },
			plan("create hal-dev-2: 2 of 4 warm workers", "create hal-dev-3: 2 of 4 warm workers")),
		Entry("scales down by the newest",
			func(s *reconcile.State) {
				declare(s, setWarm(1))
				on(s, "hal-dev-0", func(c *runtime.Container) { c.Created = noon })
			}, plan("stop hal-dev-0: scale down to 1")),
		Entry("never goes over max, claimed and ending workers included",
			func(s *reconcile.State) {
				declare(s, setMax(3))
				claim(s, "hal-dev-0", "amy")
				claim(s, "hal-dev-1", "bob")
			}, plan("create hal-dev-2: 0 of 1 warm workers")),
		Entry("gives up warm workers where claimed ones leave no room below a lowered max",
			func(s *reconcile.State) {
				declare(s, setMax(2))
				claim(s, "hal-dev-0", "amy")
				addWorker(s, 2)
			}, plan("stop hal-dev-2: scale down to 1")),
		Entry("makes room below max by a failed worker that was kept",
			func(s *reconcile.State) {
				declare(s, setMax(2))
				on(s, "hal-dev-1", exit(1, noon))
			}, plan("remove hal-dev-1: room for a new worker: max is 2")),
		Entry("replaces workers that were changed by hand where no update helps, within the bounds of a rollout",
			func(s *reconcile.State) {
				for _, name := range []string{"hal-dev-0", "hal-dev-1"} {
					on(s, name, func(c *runtime.Container) { c.Inspection.Spec.Security.CapAdd = []string{"NET_ADMIN"} })
				}
			}, plan(`create hal-dev-2: replaces an old worker: drifted: capAdd: "NET_ADMIN" -> ""`)),
		Entry("replaces a worker in bridge mode that was taken off its network by hand",
			func(s *reconcile.State) {
				*s = *steady(bridge)
				on(s, "hal-dev-1", func(c *runtime.Container) { c.Addresses = map[string]string{} })
			}, plan("stop hal-dev-1: network: not joined to hal-dev", "create hal-dev-2: 1 of 2 warm workers")),
		Entry("replaces a worker that is older than warmMaxAge, a new one first",
			func(s *reconcile.State) {
				declare(s, func(p *spec.Pool) { p.Spec.Workers.Lifetime.WarmMaxAge = spec.Duration(time.Hour) })
				on(s, "hal-dev-1", func(c *runtime.Container) { c.Created = noon })
			}, plan("create hal-dev-2: replaces an old worker: older than 1h")),
		Entry("takes a hash of another format for what it says once the specs are compared",
			func(s *reconcile.State) {
				for i := range s.Observed.Containers {
					s.Observed.Containers[i].Owner.SpecHash, s.Observed.Containers[i].Owner.Revision = "v0:abc", "abc"
				}
			}, plan()),
	)

	It("keeps a sandbox that has to change while a claimed worker uses it, and says so", func() {
		s := steady()
		claim(s, "hal-dev-1", "amy")
		addWorker(s, 2)
		declare(s, func(p *spec.Pool) { p.Spec.Parent.Ports = []string{"9000:8000"} })
		p := reconcile.Diff(*s)
		Expect(p.String()).To(BeEmpty())
		Expect(p.Waiting).To(HaveLen(1))
		Expect(p.Waiting[0].Reason).To(Equal(spec.ReasonBlockedByClaims))
		Expect(p.Waiting[0].Message).To(ContainSubstring("amy"))
	})

	It("gives up, of workers to scale down, the unready first, then the stale, then the newest", func() {
		s := steady(setWarm(4), noParent)
		on(s, "hal-dev-0", func(c *runtime.Container) { c.Created = dawn.Add(-time.Hour) })
		on(s, "hal-dev-1", func(c *runtime.Container) { c.Created = noon })
		s.Observed.Health["hal-dev-2"] = reconcile.Health{State: reconcile.HealthStarting, Since: noon}
		declare(s, setWarm(1), noParent)
		Expect(reconcile.Diff(*s).String()).To(Equal(plan(
			"stop hal-dev-2: scale down to 1",
			"stop hal-dev-1: scale down to 1",
			"stop hal-dev-3: scale down to 1",
		)))
	})

	It("keeps the newest failed workers and removes the rest", func() {
		s := steady()
		for i := range 5 {
			addWorker(s, 2+i, exit(1, noon.Add(-time.Duration(i)*time.Minute)))
		}
		Expect(reconcile.Diff(*s).String()).To(Equal(plan(
			"remove hal-dev-5: exited with code 1; the last 3 are kept",
			"remove hal-dev-6: exited with code 1; the last 3 are kept",
		)))
	})

	DescribeTable("holds, and says why, instead of trying in vain",
		func(change func(*reconcile.State), reason, message string) {
			s := steady()
			remove(s, "hal-dev-0")
			change(s)
			p := reconcile.Diff(*s)
			Expect(p.String()).To(BeEmpty())
			Expect(p.Waiting).NotTo(BeEmpty())
			Expect(p.Waiting[0].Reason).To(Equal(reason))
			Expect(p.Waiting[0].Message).To(ContainSubstring(message))
		},
		Entry("for an image that is not there", func(s *reconcile.State) { delete(s.Observed.Images, "worker:1") },
			spec.ReasonImageMissing, "docker pull worker:1"),
		Entry("for a limit above the engine's memory", func(s *reconcile.State) { s.Observed.Host = runtime.Host{Total: 2 << 30, Available: -1} },
			spec.ReasonInsufficientMemory, "4Gi and the engine has 2Gi"),
		Entry("for a host that runs out of memory", func(s *reconcile.State) { s.Observed.Host.Available = 100 << 20 },
			spec.ReasonInsufficientMemory, "100Mi of memory left"),
		Entry("for a parent that is not ready", func(s *reconcile.State) {
			s.Observed.Health["hal-dev-parent"] = reconcile.Health{State: reconcile.HealthStarting, Since: noon}
		}, spec.ReasonSharedServiceUnhealthy, "hal-dev-parent is not ready yet"),
	)
})

var _ = Describe("Diff of a deleted pool", func() {
	deleted := func() *reconcile.State {
		s := steady(func(p *spec.Pool) {
			p.Spec.Volumes = append(p.Spec.Volumes, spec.Volume{Name: "scratch", Reclaim: spec.ReclaimDelete})
		})
		s.Deleted = true
		return s
	}
	only := func(s *reconcile.State, names ...string) {
		var kept []runtime.Container
		for _, c := range s.Observed.Containers {
			for _, name := range names {
				if c.Name == name {
					kept = append(kept, c)
				}
			}
		}
		s.Observed.Containers = kept
	}

	It("takes the workers down first", func() {
		Expect(reconcile.Diff(*deleted()).String()).To(Equal(plan("stop hal-dev-0: pool deleted", "stop hal-dev-1: pool deleted")))
	})
	It("keeps the services and everything under them while a worker is claimed", func() {
		s := deleted()
		only(s, "hal-dev-sandbox", "hal-dev-parent", "hal-dev-0")
		claim(s, "hal-dev-0", "amy")
		p := reconcile.Diff(*s)
		Expect(p.String()).To(BeEmpty())
		Expect(p.Drained).To(BeFalse())
		Expect(p.Waiting[0].Reason).To(Equal(spec.ReasonBlockedByClaims))
	})
	It("then takes down the services, then the sandbox", func() {
		s := deleted()
		only(s, "hal-dev-sandbox", "hal-dev-parent")
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("stop hal-dev-parent: pool deleted")))
		only(s, "hal-dev-sandbox")
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("stop hal-dev-sandbox: pool deleted")))
	})
	It("then removes the network and the volumes that say Delete, and no other", func() {
		s := deleted()
		only(s)
		Expect(reconcile.Diff(*s).String()).To(Equal(plan(
			"remove network hal-dev: pool deleted", "remove volume hal-dev-scratch: pool deleted, reclaim: Delete")))
	})
	It("retains every volume when no manifest is known", func() {
		s := deleted()
		only(s)
		s.Pool = nil
		Expect(reconcile.Diff(*s).String()).To(Equal(plan("remove network hal-dev: pool deleted")))
	})
	It("is drained when nothing is left but what is retained", func() {
		s := deleted()
		only(s)
		s.Observed.Network = nil
		delete(s.Observed.Volumes, "hal-dev-scratch")
		Expect(reconcile.Diff(*s).Drained).To(BeTrue())
	})
})
