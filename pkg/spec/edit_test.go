package spec_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// aligned has what a person may have put into a file: comments everywhere, blank
// lines, columns, quotes, and a second pool.
const aligned = `# The pools of the team.

apiVersion: hal/v1alpha1
kind:       Pool
metadata:   {name: dev}   # for all
spec:       # what we want

  # The workers.
  workers:
    max:  9        # ceiling
    warm: 3        # ready and unclaimed

    template: {image: "hal/wörker"}
---
# The other.
apiVersion: hal/v1alpha1
kind: Pool
metadata:
    name: other
spec:
    suspend: true     # for now
    workers: {warm: 3, template: {image: x}}  # short
`

// inJSON is a manifest as a program writes it.
const inJSON = `{"apiVersion":"hal/v1alpha1","kind":"Pool","metadata":{"name":"dev"},"spec":{"workers":{"warm":3,"template":{"image":"x"}}}}` + "\n"

// edited is what becomes of a text when one part of it is replaced, and fails
// where that part is not there.
func edited(text, old, new string) string {
	GinkgoHelper()
	Expect(text).To(ContainSubstring(old))
	return strings.Replace(text, old, new, 1)
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

const bom = "\uFEFF"

// spelled are the spellings of a text that must all be kept.
func spelled(check func(spell func(string) string)) {
	GinkgoHelper()
	check(func(s string) string { return s })
	check(crlf)
	check(func(s string) string { return bom + s })
	check(func(s string) string { return bom + crlf(s) })
	check(func(s string) string { return strings.TrimSuffix(s, "\n") })
	check(func(s string) string { return "# first\n---\n" + s + "...\n" })
}

var _ = Describe("SetWarm", func() {
	DescribeTable("changes the digits and nothing else", func(text, pool string, n int, old, new string) {
		spelled(func(spell func(string) string) {
			result, err := spec.SetWarm([]byte(spell(text)), pool, n)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(Equal(spell(edited(text, old, new))))
		})
	},
		Entry("in a block", aligned, "dev", 12, "warm: 3 ", "warm: 12 "),
		Entry("in braces, after characters of several bytes", edited(aligned, "{warm", `{onEmpty: "cold", warm`), "other", 0, "warm: 3, template: {image: x}", "warm: 0, template: {image: x}"),
		Entry("in JSON", inJSON, "dev", 7, `"warm":3`, `"warm":7`),
		Entry("after a key that is a character of several bytes", edited(aligned, "{warm", `{"ä😀": 1, warm`), "other", 5, `1, warm: 3`, `1, warm: 5`),
		Entry("that are hexadecimal", edited(smallest, "warm: 3", "warm: 0x10"), "dev", 3, "0x10", "3"),
		Entry("on the line below", edited(smallest, "warm: 3", "warm:\n      3"), "dev", 4, "      3", "      4"),
	)

	It("changes nothing that is so already", func() {
		Expect(spec.SetWarm([]byte(aligned), "dev", 3)).To(Equal([]byte(aligned)))
	})

	It("leaves its argument alone", func() {
		data := []byte(smallest)
		_, err := spec.SetWarm(data, "dev", 4)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(data)).To(Equal(smallest))
	})

	DescribeTable("refuses", func(old, new, problem string) {
		_, err := spec.SetWarm([]byte(edited(aligned, old, new)), "dev", 4)
		Expect(err).To(MatchError(`set spec.workers.warm of pool "dev": ` + problem))
	},
		Entry("an alias", "max:  9        # ceiling\n    warm: 3 ", "max:  &n 9\n    warm: *n ",
			"the value is the alias *n, which has its value elsewhere; edit the file by hand"),
		Entry("an anchor", "warm: 3 ", "warm: &n 3 ", "the value has the anchor &n, so that others may use it; edit the file by hand"),
		Entry("an alias above", "spec:       # what we want\n", "x: &w {warm: 1}\nspec:\n  y: *w\n  workers: *w\nz:\n",
			"spec.workers is the alias *w, which has its value elsewhere; edit the file by hand"),
		Entry("what is merged in", "warm: 3 ", "<<: {warm: 3} ", "spec.workers.warm is merged in by <<; edit the file by hand"),
		Entry("a number that is not there", "    warm: 3        # ready and unclaimed\n", "", "spec.workers.warm is not written there; edit the file by hand"),
		Entry("a text", "warm: 3 ", "warm: '3' ", `the value is the text "3"; edit the file by hand`),
		Entry("nothing", "warm: 3 ", "warm: ", "the value is empty; edit the file by hand"),
		Entry("a tag", "warm: 3 ", "warm: !!int 3 ", "its text cannot be changed alone; edit the file by hand"),
		Entry("workers that are none", "  workers:\n", "  workers: 3\n  x:\n", "spec.workers is the number 3, where a mapping belongs; edit the file by hand"),
		Entry("a pool that is not there", "name: dev", "name: prod", "it is not declared there"),
		Entry("a pool that is there twice", "name: other", "name: dev", "it is declared twice, in lines 3 and 16"),
		Entry("what is no YAML", "warm: 3 ", "warm: [ ", "line 11 is no YAML: did not find expected ',' or ']'"),
		Entry("what is no UTF-8", "# ceiling", "# \xff", "it is not UTF-8 text; edit the file by hand"),
		Entry("two documents without a line between them", "---\n", "...\n", "line 16 is no YAML: did not find expected <document start>"),
	)

	It("refuses a change that would be one elsewhere too, and only then", func() {
		anchored := edited(smallest, "workers:", "workers: &w")
		Expect(spec.SetWarm([]byte(anchored), "dev", 4)).To(BeEquivalentTo(edited(anchored, "warm: 3", "warm: 4")))
		_, err := spec.SetWarm([]byte(anchored+"copy: *w\n"), "dev", 4)
		Expect(err).To(MatchError(`set spec.workers.warm of pool "dev": its text cannot be changed alone; edit the file by hand`))
	})
})

var _ = Describe("SetSuspend", func() {
	DescribeTable("changes or adds one key and nothing else", func(text, pool string, suspend bool, old, new string) {
		spelled(func(spell func(string) string) {
			result, err := spec.SetSuspend([]byte(spell(text)), pool, suspend)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(Equal(spell(edited(text, old, new))))
			if suspend {
				back, err := spec.SetSuspend(result, pool, false)
				Expect(err).NotTo(HaveOccurred())
				Expect(string(back)).To(Equal(spell(edited(text, old, strings.Replace(new, "true", "false", 1)))))
			}
		})
	},
		Entry("that is there", aligned, "other", false, "suspend: true ", "suspend: false "),
		Entry("in a block, at its indentation", aligned, "dev", true, "# what we want\n", "# what we want\n  suspend: true\n"),
		Entry("in a block that is indented by four", edited(aligned, "    suspend: true     # for now\n", ""), "other", true,
			"spec:\n", "spec:\n    suspend: true\n"),
		Entry("where another value is the same word", edited(aligned, "{name: dev}", "{name: dev, labels: {a: spec}}"), "dev", true,
			"# what we want\n", "# what we want\n  suspend: true\n"),
		Entry("in braces", edited(smallest, "spec:", "spec: {workers: {warm: 1, template: {image: x}}}\nx:"), "dev", true, "spec: {", "spec: {suspend: true, "),
		Entry("in braces with blanks", edited(smallest, "spec:", "spec: { workers: {warm: 1} }\nx:"), "dev", true, "spec: { ", "spec: { suspend: true, "),
		Entry("in braces over several lines", edited(smallest, "spec:", "spec: {\n  # all\n  workers: {warm: 1}\n}\nx:"), "dev", true, "  workers: {", "  suspend: true, workers: {"),
		Entry("in braces with nothing in them", edited(smallest, "spec:", "spec: {}\nx:"), "dev", true, "spec: {", "spec: {suspend: true"),
		Entry("in JSON, which stays JSON", inJSON, "dev", true, `"spec":{`, `"spec":{"suspend": true, `),
	)

	It("adds nothing to say that a pool is not suspended", func() {
		Expect(spec.SetSuspend([]byte(aligned), "dev", false)).To(Equal([]byte(aligned)))
	})

	DescribeTable("refuses", func(old, new, problem string) {
		_, err := spec.SetSuspend([]byte(edited(aligned, old, new)), "dev", true)
		Expect(err).To(MatchError(`set spec.suspend of pool "dev": ` + problem))
	},
		Entry("a spec that merges", "  workers:\n", "  <<: {suspend: false}\n  workers:\n", "spec.suspend may be merged in by <<; edit the file by hand"),
		Entry("a spec that is an alias", "spec:       # what we want\n", "x: &s {a: b}\nspec: *s\ny:\n",
			"spec is the alias *s, which has its value elsewhere; edit the file by hand"),
		Entry("a spec with nothing in it", "spec:       # what we want\n", "spec:\ny:\n", "spec is empty, where a mapping belongs; edit the file by hand"),
		Entry("no spec", "spec:       # what we want\n", "y:\n", "spec is not written there; edit the file by hand"),
		Entry("a text", "spec:       # what we want\n", "spec:\n  suspend: 'no'\n", `the value is the text "no"; edit the file by hand`),
		Entry("a spec with an anchor on a line of its own", "spec:       # what we want\n", "spec:\n  &s\n",
			"its text cannot be changed alone; edit the file by hand"),
	)
})

// three are the parts of a file with three pools: each begins with its marker.
var three = []string{"# a\n" + smallestNamed("a") + "\n", "---  # b\n" + smallestNamed("b"), "---\n\n# c\n" + smallestNamed("c")}

func smallestNamed(name string) string {
	return strings.Replace(smallest, "name: dev", "name: "+name, 1)
}

var _ = Describe("RemoveDocument", func() {
	DescribeTable("takes out one document", func(pool string, rest ...string) {
		spelled(func(spell func(string) string) {
			result, err := spec.RemoveDocument([]byte(spell(strings.Join(three, "")+"---\n"+smallest)), pool)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(HaveSuffix(strings.TrimPrefix(spell(strings.Join(rest, "")+"---\n"+smallest), "# first\n---\n")))
			_, problems := spec.Load("pool.yaml", result)
			Expect(problems).To(BeEmpty())
		})
	},
		Entry("the first", "a", three[1], three[2]),
		Entry("one in the middle", "b", three[0], three[2]),
		Entry("one before the last", "c", three[0], three[1]),
	)

	It("takes out the last, and the only one", func() {
		Expect(spec.RemoveDocument([]byte(strings.Join(three, "")), "c")).To(BeEquivalentTo(three[0] + three[1]))
		Expect(spec.RemoveDocument([]byte(three[0]), "a")).To(BeEmpty())
		Expect(spec.RemoveDocument([]byte("# all\n---\n"+three[0]), "a")).To(BeEquivalentTo("# all\n"))
	})

	It("refuses a pool that is not there", func() {
		_, err := spec.RemoveDocument([]byte(three[0]), "b")
		Expect(err).To(MatchError(`remove the document of pool "b": it is not declared there`))
	})

	It("is not misled by what looks like the line between two documents", func() {
		script := "  x: |\n    ---\n    kind: Pool\n---\n"
		text := smallestNamed("a") + script + smallestNamed("b")
		Expect(spec.RemoveDocument([]byte(text), "b")).To(BeEquivalentTo(strings.TrimSuffix(smallestNamed("a")+script, "---\n")))
	})
})

var _ = Describe("Document", func() {
	It("is one document with its comments, without the line before it", func() {
		text := []byte(strings.Join(three, ""))
		Expect(spec.Document(text, "a")).To(BeEquivalentTo(three[0]))
		Expect(spec.Document(text, "b")).To(BeEquivalentTo(smallestNamed("b")))
		Expect(spec.Document(text, "c")).To(BeEquivalentTo("\n# c\n" + smallestNamed("c")))
		Expect(spec.Document([]byte(bom+smallest), "dev")).To(BeEquivalentTo(smallest))
	})

	It("is an error where there is none", func() {
		_, err := spec.Document([]byte(smallest), "a")
		Expect(err).To(MatchError(`find the document of pool "a": it is not declared there`))
	})
})

var _ = Describe("ReplaceDocument", func() {
	newer := "# newer\n" + strings.Replace(smallestNamed("b"), "warm: 3", "warm: 4", 1)

	It("replaces one document and nothing else", func() {
		spelled(func(spell func(string) string) {
			result, err := spec.ReplaceDocument([]byte(spell(strings.Join(three, ""))), "b", []byte(newer))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(Equal(spell(three[0] + "---  # b\n" + newer + three[2])))
		})
	})

	DescribeTable("takes the new document", func(doc string) {
		result, err := spec.ReplaceDocument([]byte(smallestNamed("b")+three[2]), "b", []byte(doc))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(result)).To(Equal(newer + three[2]))
	},
		Entry("as it is", newer),
		Entry("with a line before it", "---\n"+newer),
		Entry("with a byte order mark and other line breaks", bom+crlf(newer)),
		Entry("without its last line break", strings.TrimSuffix(newer, "\n")),
	)

	DescribeTable("refuses as the new document", func(doc, problem string) {
		_, err := spec.ReplaceDocument([]byte(smallest), "dev", []byte(doc))
		Expect(err).To(MatchError(`replace the document of pool "dev": ` + problem))
	},
		Entry("another pool", smallestNamed("b"), `the new document is of pool "b"`),
		Entry("two", strings.Join(three, ""), "what is new is not one document, of a pool with a name"),
		Entry("none", "# nothing\n", "what is new is not one document, of a pool with a name"),
		Entry("what is no pool", "kind: Claim\nmetadata: {name: dev}\n", "what is new is not one document, of a pool with a name"),
		Entry("what is no YAML", "kind: [", "the new document: line 2 is no YAML: did not find expected node content"),
		Entry("what begins beside its marker", "--- {kind: Pool, metadata: {name: dev}}\n",
			"the new document begins on the line of its ---: begin it on the next"),
	)
})

var _ = Describe("AppendDocument", func() {
	It("adds a document at the end and changes nothing else", func() {
		for _, spell := range []func(string) string{
			func(s string) string { return s }, crlf, func(s string) string { return bom + s },
		} {
			result, err := spec.AppendDocument([]byte(spell(three[0]+three[1])), []byte(smallest))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(Equal(spell(three[0] + three[1] + "---\n" + smallest)))
		}
	})

	DescribeTable("joins them rightly", func(text, wanted string) {
		Expect(spec.AppendDocument([]byte(text), []byte(smallest))).To(BeEquivalentTo(wanted))
	},
		Entry("with a text that does not end its line", strings.TrimSuffix(three[1], "\n"), three[1]+"---\n"+smallest),
		Entry("with nothing", "", smallest),
		Entry("with a byte order mark and nothing", bom, bom+smallest),
		Entry("with comments only", "# none yet\n", "# none yet\n"+smallest),
		Entry("with an end marker", three[1]+"...\n", three[1]+"...\n---\n"+smallest),
	)

	It("refuses what is not one pool", func() {
		_, err := spec.AppendDocument([]byte(smallest), []byte("a: b\n"))
		Expect(err).To(MatchError("add a document: what is new is not one document, of a pool with a name"))
	})
})
