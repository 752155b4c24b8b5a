package reconcile_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/reconcile"
)

var _ = Describe("Offer", func() {
	It("lists the ready workers that nobody has claimed", func() {
		s := steady()
		s.Claims = map[string]string{"hal-dev-0": "fix"}
		Expect(reconcile.Offer(*s)).To(HaveExactElements(HaveField("ID", "hal-dev-1")))
	})

	It("lists none that the controller has stopped, though the listing has it as running", func() {
		s := steady()
		s.Observed.Asked = map[string]bool{"hal-dev-0": true}
		Expect(reconcile.Offer(*s)).To(HaveExactElements(HaveField("ID", "hal-dev-1")))
	})

	It("takes in one more, once, and none that a claim has", func() {
		var c reconcile.Claimable
		notified := 0
		c.Notify = func(string) { notified++ }
		c.Add("dev", reconcile.Offered{ID: "a"})
		c.Add("dev", reconcile.Offered{ID: "a"})
		Expect(notified).To(Equal(2))
		worker, ok := c.Take("dev")
		Expect(ok).To(BeTrue())
		Expect(worker.ID).To(Equal("a"))
		c.Add("dev", worker)
		_, ok = c.Take("dev")
		Expect(ok).To(BeFalse())
	})

	It("says what each was made from, and whether something can be bound in it", func() {
		slotted, bare := steady().Observed.Containers[2], steady().Observed.Containers[3]
		slotted.ImageID = "sha256:1"
		slotted.Inspection.Spec.Mounts[0].Type = "bind"
		Expect(reconcile.OfferOf(slotted)).To(And(HaveField("ImageID", "sha256:1"), HaveField("Slotted", true)))
		bare.Inspection = nil
		Expect(reconcile.OfferOf(bare)).To(HaveField("Slotted", false))
	})
})
