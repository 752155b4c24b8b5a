package spec_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("Explain", func() {
	It("prints a mapping with its keys, as kubectl does", func() {
		e, err := spec.Explain("pool.spec.workers.template.resources")
		Expect(err).NotTo(HaveOccurred())
		Expect(e.String()).To(Equal(`VERSION:  hal/v1alpha1
FIELD:    pool.spec.workers.template.resources <Resources>

DESCRIPTION:
  Resources are the limits of the worker. Default cpu "2", memory 4Gi, pids
  100. Resources are hard limits.

FIELDS:
  cpu     <CPU quantity>     CPU limit, as "2", "0.5" or "500m".
  memory  <memory quantity>  Memory limit, as "512Mi" or "4Gi", from 6Mi; swap is not added to it.
  pids    <integer>          Pids is the most processes and threads at one time.
`))
	})

	It("prints a value with the words it allows", func() {
		e, err := spec.Explain("pool.spec.workers.update.onFailure")
		Expect(err).NotTo(HaveOccurred())
		Expect(e.String()).To(Equal(`VERSION:  hal/v1alpha1
FIELD:    pool.spec.workers.update.onFailure <string>

DESCRIPTION:
  onFailure is pause, rollback or continue. Default pause.

ONE OF:
  pause, rollback, continue
`))
	})

	DescribeTable("finds a field", func(path, kind string, required bool) {
		e, err := spec.Explain(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(e.Type).To(Equal(kind))
		Expect(e.Required).To(Equal(required))
		Expect(e.Doc).NotTo(BeEmpty())
	},
		Entry(nil, "pool", "Pool", true),
		Entry(nil, "Pool.spec", "PoolSpec", true),
		Entry(nil, "claim.spec.pool", "string", true),
		Entry(nil, "pool.metadata.labels", "map of string", false),
		Entry(nil, "pool.spec.services[0].name", "string", true),
		Entry(nil, "pool.spec.services.readiness.httpGet.port", "integer", true),
		Entry(nil, "pool.spec.volumes", "list of Volume", false),
		Entry(nil, "pool.spec.workers.update.maxSurge", "count or percentage", false),
		Entry(nil, "pool.spec.workers.lifetime.claimTTL", "duration", false),
		Entry(nil, "pool.spec.suspend", "boolean", false),
		Entry(nil, "pool.status.conditions.lastTransitionTime", "time", true),
	)

	DescribeTable("says what is near a field that is not there", func(path, message string) {
		_, err := spec.Explain(path)
		Expect(err).To(MatchError(message))
	},
		Entry(nil, "pol", `explain "pol": unknown kind: did you mean pool?`),
		Entry(nil, "", `explain "": unknown kind: it is one of claim, pool`),
		Entry(nil, "pool.spec.wrkers", `explain "pool.spec.wrkers": pool.spec has no field "wrkers": did you mean pool.spec.workers?`),
		Entry(nil, "pool.spec.network.xyz", `explain "pool.spec.network.xyz": pool.spec.network has no field "xyz": it has mode, internal`),
		Entry(nil, "pool.kind.x", `explain "pool.kind.x": pool.kind has no fields`),
	)
})
