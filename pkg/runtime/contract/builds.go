package contract

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

func builds(at func() *engine) {
	Describe("Built images", func() {
		It("have the base's layers below their own, the labels given, and no name", func(ctx SpecContext) {
			e := at()
			base, err := e.Store.InspectImage(ctx, e.Image)
			Expect(err).NotTo(HaveOccurred())
			id := e.build(ctx, nil, "COPY Dockerfile /", "USER 1001")
			built, err := e.Store.InspectImage(ctx, id)
			Expect(err).NotTo(HaveOccurred())
			Expect(built.ID).To(Equal(id))
			Expect(built.User).To(Equal("1001"))
			Expect(built.Labels).To(HaveKeyWithValue("hal-test.prefix", e.Prefix))
			Expect(built.Layers).To(HaveLen(len(base.Layers) + 1))
			Expect(built.Layers[:len(base.Layers)]).To(Equal(base.Layers))
			Expect(e.Store.ListImages(ctx)).To(ContainElement(And(HaveField("ID", id), HaveField("Names", BeEmpty()))))
		})

		It("tell of each step, and of what its command says", func(ctx SpecContext) {
			var lines []string
			at().build(ctx, func(line string) { lines = append(lines, line) }, `RUN ["/tool","say","one","two"]`)
			Expect(lines).To(ContainElements(
				HavePrefix("Step 1/"), MatchRegexp(`^Step 2/\d+ : RUN .*say`), Equal("one"), Equal("two")))
		})

		It("are ErrInvalid, with the engine's word, when a command fails", func(ctx SpecContext) {
			e := at()
			_, err := e.Store.BuildImage(ctx, e.recipe(nil, `RUN ["/tool","exit","3"]`))
			Expect(err).To(MatchError(runtime.ErrInvalid))
			Expect(err).To(MatchError(ContainSubstring("non-zero code: 3")))
		})

		It("fail without a Dockerfile", func(ctx SpecContext) {
			e := at()
			spec := e.recipe(nil)
			spec.Context = contextOf(nil)
			_, err := e.Store.BuildImage(ctx, spec)
			Expect(err).To(MatchError(ContainSubstring("Dockerfile")))
		})

		It("come to an end with the caller's time", func(ctx SpecContext) {
			e := at()
			ended, cancel := context.WithCancel(ctx)
			_, err := e.Store.BuildImage(ended, e.recipe(func(line string) {
				if strings.HasPrefix(line, "Step 2/") {
					cancel()
				}
			}, `RUN ["/tool","sleep"]`))
			Expect(err).To(MatchError(context.Canceled))
		})

		It("are listed by the names they are given, which move", func(ctx SpecContext) {
			e := at()
			one, two := e.build(ctx, nil, "USER 1"), e.build(ctx, nil, "USER 2")
			name := e.name("named") + ":latest"
			for _, id := range []string{one, two} {
				Expect(e.Store.TagImage(ctx, id, name)).To(Succeed())
				Expect(e.Runtime.Image(ctx, name)).To(Equal(id))
				Expect(e.Store.ListImages(ctx)).To(ContainElement(And(
					HaveField("ID", id), HaveField("Names", ConsistOf(name)), HaveField("Labels", HaveKey("hal-test.prefix")))))
			}
			Expect(e.Store.ListImages(ctx)).To(ContainElement(And(HaveField("ID", one), HaveField("Names", BeEmpty()))))
		})

		It("are discarded while they have neither name nor container, and not after; a missing one is no error", func(ctx SpecContext) {
			e := at()
			id := e.build(ctx, nil, "USER 3")
			Expect(e.Store.DiscardImage(ctx, id)).To(Succeed())
			_, err := e.Store.InspectImage(ctx, id)
			Expect(err).To(MatchError(runtime.ErrImageMissing))
			Expect(e.Store.DiscardImage(ctx, id)).To(Succeed())

			named := e.build(ctx, nil, "USER 4")
			Expect(e.Store.TagImage(ctx, named, e.name("kept"))).To(Succeed())
			used := e.build(ctx, nil, "USER 5")
			worker := e.worker("0", "sleep")
			worker.Image = used
			e.create(ctx, worker)
			for _, id := range []string{named, used} {
				Expect(e.Store.DiscardImage(ctx, id)).To(Succeed())
				Expect(e.Store.InspectImage(ctx, id)).To(HaveField("ID", id))
			}
		})

		It("give their files, and leave no container", func(ctx SpecContext) {
			e := at()
			body, err := e.Store.ExportImage(ctx, e.build(ctx, nil, "COPY Dockerfile /"))
			Expect(err).NotTo(HaveOccurred())
			Expect(namesIn(body)).To(ContainElement("Dockerfile"))
			Expect(e.Runtime.List(ctx, "")).To(BeEmpty())
			Expect(body.Close()).To(Succeed())
		})

		It("are ErrImageMissing when they are not there", func(ctx SpecContext) {
			e := at()
			missing := e.name("no-such-image")
			_, err := e.Store.InspectImage(ctx, missing)
			Expect(err).To(MatchError(runtime.ErrImageMissing))
			_, err = e.Store.ExportImage(ctx, missing)
			Expect(err).To(MatchError(runtime.ErrImageMissing))
			Expect(e.Store.TagImage(ctx, missing, e.name("other"))).To(MatchError(runtime.ErrImageMissing))
		})
	})
}

// build makes an image of the fixture's and further instructions, removed at the
// spec's end unless it has a name or a container by then.
func (e *engine) build(ctx context.Context, output func(string), instructions ...string) string {
	GinkgoHelper()
	id, err := e.Store.BuildImage(ctx, e.recipe(output, instructions...))
	Expect(err).NotTo(HaveOccurred())
	Expect(id).To(HavePrefix("sha256:"))
	DeferCleanup(func(ctx SpecContext) { Expect(e.Store.DiscardImage(ctx, id)).To(Succeed()) })
	return id
}

func (e *engine) recipe(output func(string), instructions ...string) runtime.BuildSpec {
	dockerfile := strings.Join(append([]string{"FROM " + e.Image}, instructions...), "\n") + "\n"
	return runtime.BuildSpec{
		Context: contextOf(map[string]string{"Dockerfile": dockerfile}),
		Labels:  map[string]string{"hal-test.prefix": e.Prefix}, Output: output,
	}
}

func contextOf(files map[string]string) io.Reader {
	GinkgoHelper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for name, content := range files {
		Expect(archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})).To(Succeed())
		_, err := io.WriteString(archive, content)
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(archive.Close()).To(Succeed())
	return &buffer
}

func namesIn(archive io.Reader) []string {
	GinkgoHelper()
	var names []string
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		Expect(err).NotTo(HaveOccurred())
		names = append(names, header.Name)
	}
}
