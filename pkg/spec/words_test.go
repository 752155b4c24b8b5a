package spec_test

import (
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("Nearest", func() {
	words := []string{"warm", "max", "onEmpty", "template", "update"}

	DescribeTable("finds the word that was meant", func(word, meant string) {
		near, ok := spec.Nearest(word, words)
		Expect(near).To(Equal(meant))
		Expect(ok).To(Equal(meant != ""))
	},
		Entry("in another case", "ONEMPTY", "onEmpty"),
		Entry("with two letters changed", "wram", "warm"),
		Entry("with a letter missing", "mx", ""),
		Entry("cut short", "templ", "template"),
		Entry("or none", "colour", ""),
		Entry("or none, of a word as long as a book", strings.Repeat("warm", 1000), ""),
	)
})

var _ = Describe("A memory quantity", func() {
	DescribeTable("is read", func(text string, bytes int) {
		Expect(spec.ParseMemory(text)).To(Equal(spec.Memory(bytes)))
	},
		Entry(nil, "1", 1), Entry(nil, "512Mi", 512<<20), Entry(nil, "1.5Gi", 3<<29), Entry(nil, "4G", 4_000_000_000), Entry(nil, "0.3", 1),
	)
	DescribeTable("is refused", func(text string) {
		_, err := spec.ParseMemory(text)
		Expect(err).To(HaveOccurred())
	},
		Entry(nil, ""), Entry(nil, "4g"), Entry(nil, "4 Gi"), Entry(nil, "-1Gi"), Entry(nil, "1e9"), Entry(nil, "99999999Ti"), Entry(nil, "000000000000000000001Gi"),
	)
})

var _ = Describe("A CPU quantity", func() {
	DescribeTable("is read", func(text string, thousandths int) {
		Expect(spec.ParseCPU(text)).To(Equal(spec.CPU(thousandths)))
	},
		Entry(nil, "2", 2000), Entry(nil, "0.5", 500), Entry(nil, "500m", 500), Entry(nil, "0.001", 1),
	)
	DescribeTable("is refused", func(text string) {
		_, err := spec.ParseCPU(text)
		Expect(err).To(HaveOccurred())
	},
		Entry(nil, ""), Entry(nil, "0.0001"), Entry(nil, "1e3"), Entry(nil, "-1"), Entry(nil, "1.5m"), Entry(nil, "999999999"),
	)
})

var _ = Describe("A duration", func() {
	DescribeTable("is read and written shortest", func(text string, d time.Duration, written string) {
		parsed, err := spec.ParseDuration(text)
		Expect(err).NotTo(HaveOccurred())
		Expect(parsed).To(Equal(spec.Duration(d)))
		Expect(parsed.String()).To(Equal(written))
	},
		Entry(nil, "0", time.Duration(0), "0s"), Entry(nil, "90s", 90*time.Second, "1m30s"), Entry(nil, "60m", time.Hour, "1h"),
		Entry(nil, "10m", 10*time.Minute, "10m"), Entry(nil, "1h0m10s", time.Hour+10*time.Second, "1h0m10s"),
		Entry(nil, "0.5s", 500*time.Millisecond, "500ms"),
	)
	DescribeTable("is refused", func(text string) {
		_, err := spec.ParseDuration(text)
		Expect(err).To(HaveOccurred())
	},
		Entry(nil, ""), Entry(nil, "5"), Entry(nil, "-5s"), Entry(nil, "7d"), Entry(nil, "9999999999h"), Entry(nil, strings.Repeat("1h", 11)),
	)
})

var _ = Describe("A count or percentage", func() {
	DescribeTable("is read and written", func(text string, v spec.IntOrPercent) {
		Expect(spec.ParseIntOrPercent(text)).To(Equal(v))
		Expect(v.String()).To(Equal(text))
		written, err := json.Marshal(v)
		Expect(err).NotTo(HaveOccurred())
		var again spec.IntOrPercent
		Expect(json.Unmarshal(written, &again)).To(Succeed())
		Expect(again).To(Equal(v))
	},
		Entry(nil, "0", spec.IntOrPercent{}), Entry(nil, "2", spec.IntOrPercent{Value: 2}), Entry(nil, "20%", spec.IntOrPercent{Value: 20, Percent: true}),
	)
	DescribeTable("is refused", func(text string) {
		_, err := spec.ParseIntOrPercent(text)
		Expect(err).To(HaveOccurred())
	},
		Entry(nil, ""), Entry(nil, "%"), Entry(nil, "101%"), Entry(nil, "-1"), Entry(nil, "-1%"), Entry(nil, "1.5"), Entry(nil, "9999999"),
	)

	It("is a part of a total, rounded either way", func() {
		Expect(spec.IntOrPercent{Value: 20, Percent: true}.Of(3)).To(Equal(1))
		Expect(spec.IntOrPercent{Value: 20, Percent: true}.FloorOf(3)).To(Equal(0))
		Expect(spec.IntOrPercent{Value: 2}.Of(100)).To(Equal(2))
		Expect(spec.IntOrPercent{Value: 2}.FloorOf(100)).To(Equal(2))
	})
})

var _ = Describe("A published port", func() {
	port := func(text string) spec.Port {
		GinkgoHelper()
		p, err := spec.ParsePort(text)
		Expect(err).NotTo(HaveOccurred())
		return p
	}

	DescribeTable("conflicts with another on one host port, protocol and address", func(a, b string, conflict bool) {
		Expect(port(a).Conflicts(port(b))).To(Equal(conflict))
		Expect(port(b).Conflicts(port(a))).To(Equal(conflict))
	},
		Entry("the same", "80:80", "80:81", true),
		Entry("every address", "80:80", "0.0.0.0:80:80", true),
		Entry("every address of another family", "80:80", "[::]:80:80", true),
		Entry("another address", "80:80", "127.0.0.2:80:80", false),
		Entry("another protocol", "80:80", "80:80/udp", false),
		Entry("another port", "80:80", "81:80", false),
	)
})

var _ = Describe("Marshal", func() {
	It("writes what Decode reads back, defaults and empty lists included", func() {
		p := load(with("      security: {capDrop: []}", "    update: {maxSurge: 0, minReady: 0}", "  services: [{name: a, image: x}]"))
		text, err := spec.Marshal(p)
		Expect(err).NotTo(HaveOccurred())
		objects, problems := spec.Decode("pool.yaml", text)
		Expect(problems).To(BeEmpty())
		Expect(*objects[0].Pool).To(Equal(p))
	})
})

var _ = Describe("Problems", func() {
	warning := spec.Problem{File: "a.yaml", Warning: true, Message: "odd"}
	refusal := spec.Problem{File: "a.yaml", Line: 2, Path: "spec", Message: "wrong"}

	It("are an error only where one is more than a warning", func() {
		Expect(spec.Problems{warning}.Err()).NotTo(HaveOccurred())
		Expect(spec.Problems{warning, refusal}.Err()).To(MatchError("a.yaml:2: spec: wrong"))
		Expect(spec.Problems{warning, refusal}.Warnings()).To(Equal(spec.Problems{warning}))
	})

	It("are printed one a line", func() {
		Expect(spec.Problems{warning, refusal}.Error()).To(Equal("a.yaml: warning: odd\na.yaml:2: spec: wrong"))
	})
})
