package state_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
	"hal-controller/pkg/state"
)

var _ = Describe("The lock", func() {
	var engine string
	BeforeEach(func() { engine = fmt.Sprintf("test-%d-%d", os.Getpid(), time.Now().UnixNano()) })

	It("is held by one at a time, and the second is told by whom", func() {
		first, err := state.Acquire(engine, "default")
		Expect(err).NotTo(HaveOccurred())
		holder, yes := state.Holder(engine, "default")
		Expect(yes).To(BeTrue())
		Expect(holder.PID).To(Equal(os.Getpid()))
		_, yes = state.Holder(engine, "other")
		Expect(yes).To(BeFalse())
		_, err = state.Acquire(engine, "default")
		var held *state.HeldError
		Expect(errors.As(err, &held)).To(BeTrue())
		Expect(held.PID).To(Equal(os.Getpid()))
		Expect(held.Command).To(ContainSubstring(filepath.Base(os.Args[0])))
		Expect(first.Release()).To(Succeed())
		again, err := state.Acquire(engine, "default")
		Expect(err).NotTo(HaveOccurred())
		Expect(again.Release()).To(Succeed())
	})
	It("is another for another instance, and for another engine", func() {
		for _, name := range []string{engine, engine + "x"} {
			for _, instance := range []string{"default", "other"} {
				l, err := state.Acquire(name, instance)
				Expect(err).NotTo(HaveOccurred())
				DeferCleanup(l.Release)
			}
		}
	})
})

var _ = Describe("Rollouts", func() {
	var store state.Rollouts
	BeforeEach(func() { store = state.Rollouts{Dir: filepath.Join(GinkgoT().TempDir(), "rollouts")} })

	It("gives back what was saved", func() {
		saved := reconcile.Rollout{Target: "b", GoodRevision: "a", Good: &spec.WorkerTemplate{Image: "worker:1"}, Started: time.Unix(100, 0).UTC(), Outcome: reconcile.OutcomePaused}
		Expect(store.Save("dev", saved)).To(Succeed())
		Expect(store.Load("dev")).To(Equal(saved))
	})
	It("has the zero record of a pool that was never saved, or was dropped", func() {
		Expect(store.Load("dev")).To(Equal(reconcile.Rollout{}))
		Expect(store.Save("dev", reconcile.Rollout{Target: "a"})).To(Succeed())
		Expect(store.Save("dev", reconcile.Rollout{})).To(Succeed())
		Expect(store.Load("dev")).To(Equal(reconcile.Rollout{}))
		Expect(store.Save("dev", reconcile.Rollout{})).To(Succeed())
	})
	It("says so when a record is damaged", func() {
		Expect(store.Save("dev", reconcile.Rollout{Target: "a"})).To(Succeed())
		Expect(os.WriteFile(filepath.Join(store.Dir, "dev.json"), []byte(`{"target":`), 0o600)).To(Succeed())
		_, err := store.Load("dev")
		Expect(err).To(MatchError(ContainSubstring("dev.json")))
	})
})
