package spec_test

import (
	"bytes"
	"encoding/json"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"hal-controller/pkg/spec"
	"hal-controller/pkg/spec/internal/genschema"
)

var _ = Describe("The JSON Schema", func() {
	It("is the one that the types make", func() {
		fresh, err := genschema.Generate()
		Expect(err).NotTo(HaveOccurred())
		Expect(bytes.Equal(spec.Schema(), fresh)).To(BeTrue(), "the committed schema is stale: run go generate ./pkg/spec")
	})

	It("describes every field", func() {
		var parsed struct {
			Defs map[string]struct {
				Properties map[string]struct{ Description string }
			} `json:"$defs"`
		}
		Expect(json.Unmarshal(spec.Schema(), &parsed)).To(Succeed())
		Expect(parsed.Defs).To(HaveKey("Pool"))
		for name, definition := range parsed.Defs {
			for key, property := range definition.Properties {
				Expect(property.Description).NotTo(BeEmpty(), "%s.%s", name, key)
			}
		}
	})

	Context("and the decoder agree", func() {
		for _, m := range mistakes {
			if m.schemaBlind {
				continue
			}
			It("that this is wrong: "+m.what, func() { Expect(accepts(m.manifest)).NotTo(Succeed()) })
		}

		DescribeTable("that this is right", func(manifest string) {
			Expect(problemsOf(manifest)).To(BeEmpty())
			Expect(accepts(manifest)).To(Succeed())
		},
			Entry("the smallest pool", smallest),
			Entry("a claim", "apiVersion: hal/v1alpha1\nkind: Claim\nmetadata: {name: a}\nspec: {pool: dev}\n"),
			Entry("counts and percentages", with("    update: {maxUnavailable: 2, maxSurge: 100%}")),
			Entry("durations", with("    lifetime: {warmMaxAge: 0, claimTTL: 1h30m, claimIdleTimeout: 1.5h}")),
			Entry("quantities", with(`      resources: {cpu: "0.5", memory: 1.5Gi}`)),
		)

		It("on the whole of what can be written", func() {
			for seed := range uint64(500) {
				p := randomPool(seed)
				p.APIVersion, p.Kind, p.Metadata.Name = spec.APIVersion, spec.KindPool, "dev"
				text, err := spec.Marshal(p)
				Expect(err).NotTo(HaveOccurred())
				_, problems := spec.Decode("pool.yaml", text)
				Expect(accepts(string(text)) == nil).To(Equal(problems.Err() == nil),
					"seed %d: schema says %v, decoder says %v, of\n%s", seed, accepts(string(text)), problems.Err(), text)
			}
		})

		It("on what is written of a pool with its status", func() {
			p := load(smallest)
			p.Status = &spec.PoolStatus{Conditions: []spec.Condition{{Type: "Ready", Status: "True"}}}
			text, err := spec.Marshal(p)
			Expect(err).NotTo(HaveOccurred())
			Expect(accepts(string(text))).To(Succeed())
			_, problems := spec.Decode("pool.yaml", text)
			Expect(problems.Err()).NotTo(HaveOccurred())
		})
	})
})

var compiledSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec.Schema()))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("pool.schema.json", parsed); err != nil {
		return nil, err
	}
	return compiler.Compile("pool.schema.json")
})

// accepts says what the schema has against a manifest. Editors read YAML 1.2, as
// yaml.v3 does where the type is open.
func accepts(manifest string) error {
	GinkgoHelper()
	schema, err := compiledSchema()
	Expect(err).NotTo(HaveOccurred())
	var written any
	Expect(yaml.Unmarshal([]byte(manifest), &written)).To(Succeed())
	text, err := json.Marshal(written)
	Expect(err).NotTo(HaveOccurred())
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	Expect(err).NotTo(HaveOccurred())
	return schema.Validate(value)
}
