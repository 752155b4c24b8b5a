package workspace_test

import (
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// endless says the same over and over.
type endless struct {
	text string
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		e.rest = e.text
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

var _ = Describe("A worker with more tiny files than anybody can have", func() {
	It("is heard no longer than the limit that goes without saying", func(ctx SpecContext) {
		files := &endless{text: strings.Repeat("f 644 0 1577934245.5 9 f\x00\x00", 1000)}
		_, err := workspace.ParseSurvey(ctx, io.MultiReader(listing(), files), workspace.Options{})
		Expect(err).To(MatchError(ContainSubstring("more than 1048576 files")))
	}, SpecTimeout(2*time.Minute))
})
