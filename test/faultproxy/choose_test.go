package faultproxy_test

import (
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/test/faultproxy"
)

var _ = DescribeTable("The kind of a call has no version, name or id", func(method, path, kind string) {
	Expect(faultproxy.KindOf(httptest.NewRequest(method, path, nil))).To(Equal(faultproxy.Kind(kind)))
},
	Entry(nil, "HEAD", "/_ping", "HEAD /_ping"),
	Entry(nil, "GET", "/v1.41/info", "GET /info"),
	Entry(nil, "GET", "/v1.41/events?since=1", "GET /events"),
	Entry(nil, "GET", "/v1.41/containers/json?all=1", "GET /containers/json"),
	Entry(nil, "POST", "/v1.41/containers/create?name=a", "POST /containers/create"),
	Entry(nil, "GET", "/v1.41/containers/create/json", "GET /containers/{id}/json"),
	Entry(nil, "POST", "/containers/hal-dev-0/start", "POST /containers/{id}/start"),
	Entry(nil, "DELETE", "/v1.41/containers/0123?force=1", "DELETE /containers/{id}"),
	Entry(nil, "POST", "/v1.41/exec/0123/start", "POST /exec/{id}/start"),
	Entry(nil, "GET", "/v1.41/images/hal/pause:v1/json", "GET /images/{name}/json"),
	Entry(nil, "DELETE", "/v1.41/images/hal/pause:v1", "DELETE /images/{name}"),
	Entry(nil, "POST", "/v1.41/images/create?fromSrc=-", "POST /images/create"),
	Entry(nil, "GET", "/v1.41/networks", "GET /networks"),
	Entry(nil, "GET", "/v1.41/volumes/hal-dev-data", "GET /volumes/{name}"),
	Entry(nil, "POST", "/v1.41/volumes/create", "POST /volumes/create"),
)

var _ = Describe("A chooser", func() {
	call := func(n int) faultproxy.Call { return faultproxy.Call{Kind: "GET /info", N: n} }

	It("hits the nth call of a kind, and no other", func() {
		choose := faultproxy.Nth("GET /info", 2, faultproxy.Reset)
		Expect(choose(call(1))).To(BeEmpty())
		Expect(choose(call(2))).To(Equal(faultproxy.Reset))
		Expect(choose(call(3))).To(BeEmpty())
		Expect(choose(faultproxy.Call{Kind: "GET /version", N: 2})).To(BeEmpty())
	})

	It("hits about that part of all calls, and the same for the same seed", func() {
		row := func() (faults []faultproxy.Fault) {
			choose := faultproxy.AtRate(0.3, 7, faultproxy.Faults()...)
			for n := range 2000 {
				faults = append(faults, choose(call(n)))
			}
			return faults
		}
		hits := 0
		for _, f := range row() {
			if f != "" {
				hits++
			}
		}
		Expect(hits).To(BeNumerically("~", 600, 100))
		Expect(row()).To(Equal(row()))
		Expect(row()).NotTo(ContainElement(faultproxy.StreamCut), "it is no stream")
	})
})
