package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// storeOf is a store that does not wait before it deletes.
func storeOf(path, stateDir string) *spec.Store {
	return spec.NewStore(path, stateDir).Pausing(func() {})
}

// known describes what a store knows: one pool an item, as name, generation and
// number of warm workers, "!" after one that is not valid, "-" before a deleted.
func known(s *spec.Store) string {
	var items []string
	describe := func(e spec.PoolEntry) string {
		text := fmt.Sprintf("%s/%d:%d", e.Pool.Metadata.Name, e.Generation, e.Pool.Spec.Workers.Warm)
		if !e.Valid {
			text += "!"
		}
		return text
	}
	for _, e := range s.Pools() {
		items = append(items, describe(e))
	}
	for _, e := range s.Deleted() {
		items = append(items, "-"+describe(e))
	}
	return strings.Join(items, " ")
}

func put(file, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(file, []byte(content), 0o644)).To(Succeed())
}

func warm(name string, n int) string {
	return strings.Replace(poolNamed(name), "warm: 3", fmt.Sprintf("warm: %d", n), 1)
}

const halfWritten = "apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {na"

var _ = Describe("A store", func() {
	var (
		dir, a, b string
		store     *spec.Store
	)

	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		a, b = filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
		put(a, poolNamed("a"))
		put(b, poolNamed("b"))
		store = storeOf(dir, "")
	})

	It("knows nothing before the first load", func() {
		Expect(known(store)).To(BeEmpty())
		Expect(store.Synced()).To(BeFalse())
		Expect(store.Problems()).To(BeEmpty())
	})

	It("knows the pools, where they are from, and that it has read everything", func() {
		Expect(store.Reload()).To(BeEmpty())
		Expect(known(store)).To(Equal("a/1:3 b/1:3"))
		Expect(store.Synced()).To(BeTrue())
		entry, declared := store.Pool("b")
		Expect(declared).To(BeTrue())
		Expect(entry.Source).To(Equal(spec.Source{File: b, Line: 1}))
		_, declared = store.Pool("c")
		Expect(declared).To(BeFalse())
	})

	Describe("counts generations", func() {
		BeforeEach(func() { Expect(store.Reload()).To(BeEmpty()) })

		DescribeTable("by what the defaulted spec says", func(content, wanted string) {
			put(a, content)
			Expect(store.Reload()).To(BeEmpty())
			Expect(known(store)).To(Equal(wanted))
		},
			Entry("a change", warm("a", 5), "a/2:5 b/1:3"),
			Entry("a comment", "# new\n"+poolNamed("a"), "a/1:3 b/1:3"),
			Entry("a default that is written out", poolNamed("a", "    max: 13"), "a/1:3 b/1:3"),
			Entry("a label", strings.Replace(poolNamed("a"), "name: a", "name: a, labels: {team: blue}", 1), "a/1:3 b/1:3"),
		)

		It("goes on after a deletion that is taken back", func() {
			Expect(os.Remove(a)).To(Succeed())
			_ = store.Reload()
			put(a, warm("a", 4))
			_ = store.Reload()
			Expect(known(store)).To(Equal("a/2:4 b/1:3"))
		})

		It("does not count a move to another file", func() {
			Expect(os.Rename(a, filepath.Join(dir, "z.yaml"))).To(Succeed())
			Expect(store.Reload()).To(BeEmpty())
			Expect(known(store)).To(Equal("a/1:3 b/1:3"))
			entry, _ := store.Pool("a")
			Expect(entry.Source.File).To(HaveSuffix("z.yaml"))
		})

		It("takes a new label into force", func() {
			put(a, strings.Replace(poolNamed("a"), "name: a", "name: a, labels: {team: blue}", 1))
			_ = store.Reload()
			entry, _ := store.Pool("a")
			Expect(entry.Pool.Metadata.Labels).To(HaveKeyWithValue("team", "blue"))
		})
	})

	DescribeTable("keeps the last good pools of a file that", func(spoil func(file string), problem string) {
		_ = store.Reload()
		spoil(a)
		put(b, warm("b", 1))
		problems := store.Reload()
		Expect(known(store)).To(Equal("a/1:3! b/2:1"))
		Expect(problems.Err()).To(MatchError(HavePrefix(a + problem)))
		Expect(store.Problems()).To(Equal(problems))
		entry, _ := store.Pool("a")
		Expect(entry.Problems).To(Equal(problems))
		put(a, warm("a", 9))
		Expect(store.Reload()).To(BeEmpty())
		Expect(known(store)).To(Equal("a/2:9 b/2:1"))
	},
		Entry("is half written", func(file string) { put(file, halfWritten) }, ":3:1: "),
		Entry("is empty", func(file string) { put(file, "") }, ":1:1: is empty"),
		Entry("is wrong in another pool of it", func(file string) {
			put(file, warm("a", 7)+"---\n"+strings.Replace(poolNamed("c"), "warm: 3", "warm: x", 1))
		}, ":16:11: spec.workers.warm"),
		Entry("cannot be read", func(file string) {
			Expect(os.Remove(file)).To(Succeed())
			Expect(os.Symlink("nowhere", file)).To(Succeed())
		}, ": cannot be read"),
	)

	It("takes nothing of a file that was never right, and is not synced", func() {
		put(a, poolNamed("a")+"---\n"+halfWritten)
		Expect(store.Reload().Err()).To(HaveOccurred())
		Expect(known(store)).To(Equal("b/1:3"))
		Expect(store.Synced()).To(BeFalse())
	})

	It("stays synced when a file breaks later", func() {
		_ = store.Reload()
		put(a, "")
		_ = store.Reload()
		Expect(store.Synced()).To(BeTrue())
	})

	It("takes a file with a warning", func() {
		put(a, poolNamed("a")+"status: {}\n")
		problems := store.Reload()
		Expect(problems).To(HaveLen(1))
		Expect(known(store)).To(Equal("a/1:3 b/1:3"))
		Expect(store.Synced()).To(BeTrue())
		entry, _ := store.Pool("a")
		Expect(entry.Problems).To(Equal(problems))
		other, _ := store.Pool("b")
		Expect(other.Problems).To(BeEmpty())
	})

	Describe("deletes", func() {
		BeforeEach(func() { Expect(store.Reload()).To(BeEmpty()) })

		It("a pool that is gone from a clean load, and knows it until it is forgotten", func() {
			Expect(os.Remove(a)).To(Succeed())
			Expect(store.Reload()).To(BeEmpty())
			Expect(known(store)).To(Equal("b/1:3 -a/1:3"))
			_ = store.Reload()
			Expect(known(store)).To(Equal("b/1:3 -a/1:3"))
			store.Forget("a")
			Expect(known(store)).To(Equal("b/1:3"))
		})

		It("nothing while any file is broken, and says so of the pool", func() {
			Expect(os.Remove(a)).To(Succeed())
			put(b, halfWritten)
			problems := store.Reload()
			Expect(known(store)).To(Equal("a/1:3! b/1:3!"))
			unsure := a + `: does not declare pool "a" any more; the pool stays until every manifest can be read, or is deleted by command`
			Expect(lines(problems)).To(HaveLen(2))
			Expect(lines(problems)).To(ContainElement(unsure))
			entry, _ := store.Pool("a")
			Expect(lines(entry.Problems)).To(Equal([]string{unsure}))
			put(b, poolNamed("b"))
			_ = store.Reload()
			Expect(known(store)).To(Equal("b/1:3 -a/1:3"))
		})

		It("nothing when a document moves to another file", func() {
			put(b, poolNamed("b")+"---\n"+warm("a", 8))
			Expect(store.Reload().Err()).To(MatchError(ContainSubstring("is declared already")))
			Expect(known(store)).To(Equal("a/1:3 b/1:3!"))
			Expect(os.Remove(a)).To(Succeed())
			Expect(store.Reload()).To(BeEmpty())
			Expect(known(store)).To(Equal("a/2:8 b/1:3"))
		})

		It("nothing when the source itself is gone", func() {
			Expect(os.RemoveAll(dir)).To(Succeed())
			problems := store.Reload()
			Expect(problems.Err()).To(MatchError(dir + ": cannot be read: no such file or directory"))
			Expect(known(store)).To(Equal("a/1:3! b/1:3!"))
		})

		It("nothing that is away only for a moment", func() {
			store.Pausing(func() { put(a, warm("a", 4)) })
			Expect(os.Remove(a)).To(Succeed())
			Expect(store.Reload()).To(BeEmpty())
			Expect(known(store)).To(Equal("a/2:4 b/1:3"))
		})

		It("what it is told to, though the source cannot be read", func() {
			Expect(os.RemoveAll(dir)).To(Succeed())
			store.Delete("a")
			_ = store.Reload()
			Expect(known(store)).To(Equal("b/1:3! -a/1:3"))
		})

		It("what it is told to, unless it is still declared", func() {
			store.Delete("a")
			Expect(known(store)).To(Equal("b/1:3 -a/1:3"))
			_ = store.Reload()
			Expect(known(store)).To(Equal("a/1:3 b/1:3"))
		})

		It("nothing that it does not know, and forgets nothing that is declared", func() {
			store.Delete("c")
			store.Forget("a")
			Expect(known(store)).To(Equal("a/1:3 b/1:3"))
		})
	})

	It("can be used by many at once", func() {
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				defer GinkgoRecover()
				for n := range 20 {
					put(filepath.Join(dir, fmt.Sprintf("c%d.yaml", i)), warm(fmt.Sprintf("c%d", i), n))
					_ = store.Reload()
					store.Pools()
					store.Deleted()
					store.Pool("a")
					store.Delete("b")
					store.Forget("b")
					_ = store.Problems()
				}
			})
		}
		group.Wait()
		_ = store.Reload()
		Expect(known(store)).To(MatchRegexp(`^a/1:3 b/\d+:3 c0/\d+:19 c1/\d+:19 c2/\d+:19 c3/\d+:19$`))
	})
})

var _ = Describe("A store with a state directory", func() {
	var dir, file, stateDir string

	restart := func() *spec.Store { return storeOf(dir, stateDir) }

	BeforeEach(func() {
		dir, stateDir = GinkgoT().TempDir(), filepath.Join(GinkgoT().TempDir(), "state")
		file = filepath.Join(dir, "a.yaml")
		put(file, poolNamed("a"))
		store := restart()
		Expect(store.Reload()).To(BeEmpty())
		put(file, warm("a", 5))
		_ = store.Reload()
	})

	It("begins with the last good pools", func() {
		store := restart()
		Expect(known(store)).To(Equal("a/2:5"))
		Expect(store.Synced()).To(BeFalse())
		entry, _ := store.Pool("a")
		Expect(entry.Source).To(Equal(spec.Source{File: file, Line: 1}))
	})

	It("keeps them in force when it is started on a broken file", func() {
		put(file, halfWritten)
		store := restart()
		_ = store.Reload()
		Expect(known(store)).To(Equal("a/2:5!"))
	})

	It("goes on with the generations", func() {
		store := restart()
		_ = store.Reload()
		Expect(known(store)).To(Equal("a/2:5"))
		put(file, warm("a", 6))
		restarted := restart()
		_ = restarted.Reload()
		Expect(known(restarted)).To(Equal("a/3:6"))
	})

	It("still knows a pool that was deleted while it was away, and one that drains", func() {
		Expect(os.Rename(file, filepath.Join(GinkgoT().TempDir(), "a.yaml"))).To(Succeed())
		store := restart()
		_ = store.Reload()
		Expect(known(store)).To(Equal("-a/2:5"))
		Expect(known(restart())).To(Equal("-a/2:5"))
		store.Forget("a")
		Expect(known(restart())).To(BeEmpty())
	})

	It("keeps every field of a pool, whatever is in it", func() {
		data, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
		Expect(err).NotTo(HaveOccurred())
		put(file, string(data))
		put(filepath.Join(dir, "b.yaml"), poolNamed("b", `      env: [{name: A, value: "<é😀\u2028\t\"\\&>"}]`))
		store := restart()
		Expect(store.Reload().Err()).NotTo(HaveOccurred())
		Expect(store.Pools()).To(HaveLen(2))
		restarted := restart()
		Expect(restarted.Problems()).To(BeEmpty())
		for _, entry := range store.Pools() {
			saved, _ := restarted.Pool(entry.Pool.Metadata.Name)
			Expect(spec.Equal(saved.Pool, entry.Pool)).To(BeTrue())
		}
	})

	DescribeTable("warns of a state file that it cannot use", func(content, problem string) {
		saved := filepath.Join(stateDir, "pools", "a.json")
		put(saved, content)
		put(file, halfWritten)
		store := restart()
		Expect(known(store)).To(BeEmpty())
		Expect(lines(store.Problems())).To(Equal([]string{
			saved + ": warning: the last good pool is lost: " + problem + "; remove the file if the pool is no longer declared"}))
		put(file, poolNamed("a"))
		Expect(store.Reload()).To(BeEmpty(), "it is written anew")
		Expect(known(restart())).To(Equal("a/1:3"))
	},
		Entry("empty", "", "unexpected end of JSON input"),
		Entry("half written", `{"generation": 1, "po`, "unexpected end of JSON input"),
		Entry("of another shape", `[]`, "json: cannot unmarshal array into Go value of type spec.savedPool"),
		Entry("without a pool", `{"generation": 1}`, "is empty: a manifest needs apiVersion, kind, metadata and spec"),
		Entry("of another name", `{"generation": 1, "pool": `+asJSON("b", 3)+`}`, `it is not pool "a"`),
		Entry("with a field that is unknown", `{"generation": 1, "pool": `+strings.Replace(asJSON("a", 3), `"warm"`, `"wram":1,"warm"`, 1)+`}`,
			`spec.workers.wram: unknown key: did you mean warm?`),
		Entry("without a generation", `{"pool": `+asJSON("a", 3)+`}`, "its generation is 0"),
	)

	It("warns when it cannot save, and goes on", func() {
		Expect(os.RemoveAll(stateDir)).To(Succeed())
		put(stateDir, "a file")
		put(file, warm("a", 6))
		store := restart()
		problems := store.Reload()
		Expect(problems.Err()).NotTo(HaveOccurred())
		Expect(lines(problems)).To(ContainElement(HavePrefix(
			filepath.Join(stateDir, "pools", "a.json") + ": warning: the pool cannot be saved, and a restart would not know it: ")))
		Expect(known(store)).To(Equal("a/1:6"))
	})
})

func asJSON(name string, warm int) string {
	return fmt.Sprintf(`{"apiVersion":"hal/v1alpha1","kind":"Pool","metadata":{"name":%q},"spec":{"workers":{"warm":%d,"template":{"image":"x"}}}}`, name, warm)
}

var _ = DescribeTable("Equal", func(other string, wanted bool) {
	a, b := load(smallest), load(other)
	Expect(spec.Equal(&a, &b)).To(Equal(wanted))
},
	Entry("is blind to how it is written", "# other\n"+with("    max: 13", "    onEmpty: cold"), true),
	Entry("sees another spec", changed("warm: 3", "warm: 4"), false),
	Entry("sees another name", changed("name: dev", "name: prod"), false),
	Entry("sees another label", changed("name: dev", "name: dev, labels: {a: b}"), false),
)
