package docker

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

var _ = DescribeTable("The engine's account of a build",
	func(messages string, id string, lines []string, problem string) {
		var told []string
		got, err := buildResult(strings.NewReader(messages), func(line string) { told = append(told, line) })
		Expect(got).To(Equal(id))
		Expect(told).To(Equal(lines))
		if problem == "" {
			Expect(err).NotTo(HaveOccurred())
			return
		}
		Expect(err).To(MatchError(ContainSubstring(problem)))
	},
	Entry("has the id of the image",
		`{"stream":"Step 1/1 : FROM x"}{"stream":"\n"}{"aux":{"ID":"sha256:1"}}{"stream":"Successfully built 1\n"}`,
		"sha256:1", []string{"Step 1/1 : FROM x", "Successfully built 1"}, ""),
	Entry("comes in pieces, with carriage returns and colours",
		`{"stream":"on"}{"stream":"e\r\n\u001b[91mtwo\n\u001b[0m"}{"stream":"three"}{"aux":{"ID":"sha256:1"}}`,
		"sha256:1", []string{"one", "two", "three"}, ""),
	Entry("may be an error in the end", `{"stream":"x\n"}{"errorDetail":{"message":"no"},"error":"no"}`, "", []string{"x"}, "refused by the engine: no"),
	Entry("may end without a result", `{"stream":"x\n"}`, "", []string{"x"}, "without a result"),
	Entry("may break off", `{"stream":"x\n"}{"str`, "", []string{"x"}, "broke off"),
)

var _ = Describe("A line of a build without an end", func() {
	It("is told in parts", func() {
		var longest, n int
		lines := &lineWriter{each: func(line string) { longest, n = max(longest, len(line)), n+1 }}
		for range 100 {
			lines.write(strings.Repeat("x", 4<<10))
		}
		lines.end()
		Expect(n).To(BeNumerically(">", 3))
		Expect(longest).To(BeNumerically("<=", longestLine+4<<10))
	})

	It("needs nobody to listen", func() {
		_, err := buildResult(strings.NewReader(`{"stream":"x\n"}{"error":"no"}`), nil)
		Expect(err).To(MatchError(runtime.ErrInvalid))
	})
})
