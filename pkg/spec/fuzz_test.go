package spec_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// A manifest of 64 KiB takes a few milliseconds; this only finds what hangs, on a
// machine that is busy with fuzzing.
const hang = 2 * time.Second

// FuzzDecode looks for text that makes the loader panic or hang, and for pools
// that it accepts but would not accept, or read otherwise, as it writes them.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(smallest))
	for _, m := range mistakes {
		f.Add([]byte(m.manifest))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := NewWithT(t)
		begin := time.Now()
		objects, problems := spec.Load("pool.yaml", data)
		g.Expect(time.Since(begin)).To(BeNumerically("<", hang))

		for _, p := range problems {
			g.Expect(p.File).To(Equal("pool.yaml"))
			g.Expect(p.Message).NotTo(BeEmpty())
		}
		g.Expect(len(objects)+len(problems)).To(BeNumerically(">", 0), "nothing was found, and nothing to say about it")
		for _, o := range objects {
			g.Expect(o.Name()).NotTo(BeEmpty())
			readAgain(g, o)
		}
	})
}

func readAgain(g *WithT, o spec.Object) {
	text := write(g, o)
	again, problems := spec.Load("pool.yaml", text)
	g.Expect(problems).To(BeEmpty(), string(text))
	g.Expect(again).To(HaveLen(1))
	g.Expect(string(write(g, again[0]))).To(Equal(string(text)))
}

func write(g *WithT, o spec.Object) []byte {
	var object any = o.Pool
	if o.Claim != nil {
		object = o.Claim
	}
	text, err := spec.Marshal(object)
	g.Expect(err).NotTo(HaveOccurred())
	return text
}
