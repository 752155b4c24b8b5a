package spec_test

import (
	"math/rand/v2"
	"reflect"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

var _ = Describe("Default", func() {
	It("sets what the documentation of each field says", func() {
		p := load(with(
			"      readiness: {httpGet: {port: 80}}",
			"      warmup: {exec: [a]}",
			"      secrets: [{name: key, file: /key}]",
			"  parent: {image: x, ports: [\"80:8080\"], volumes: [{name: data, target: /data}]}",
			"  services: [{name: a, image: x, resources: {memory: 1Gi}}]",
			"  volumes: [{name: data}]",
		))
		hardened := spec.Security{NoNewPrivileges: new(true), CapDrop: []string{"ALL"}, Seccomp: "default"}
		Expect(p.Spec).To(Equal(spec.PoolSpec{
			Network: spec.Network{Mode: "shared"},
			Parent: &spec.Service{
				Image:           "x",
				Ports:           []string{"127.0.0.1:80:8080/tcp"},
				Resources:       spec.Resources{CPU: 2000, Memory: 2 << 30, Pids: 200},
				StopSignal:      "SIGTERM",
				StopGracePeriod: seconds(10),
				Volumes:         []spec.VolumeMount{{Name: "data", Target: "/data", Scope: "pool"}},
				Security:        hardened,
			},
			Services: []spec.NamedService{{Name: "a", Service: spec.Service{
				Image:           "x",
				Resources:       spec.Resources{CPU: 2000, Memory: 1 << 30, Pids: 200},
				StopSignal:      "SIGTERM",
				StopGracePeriod: seconds(10),
				Security:        hardened,
			}}},
			Workers: spec.Workers{
				Warm:    3,
				Max:     new(13),
				OnEmpty: "cold",
				Template: spec.WorkerTemplate{
					Image:     "hal/worker",
					Secrets:   []spec.Secret{{Name: "key", File: "/key", Target: "/run/secrets/key"}},
					Resources: spec.Resources{CPU: 2000, Memory: 4 << 30, Pids: 100},
					Workspace: spec.Workspace{Target: "/workspace", Mode: "auto"},
					Security:  hardened,
					Warmup:    &spec.Warmup{Exec: []string{"a"}, Timeout: seconds(20)},
					Readiness: &spec.Probe{
						HTTPGet: &spec.HTTPGet{Port: 80, Path: "/"},
						Period:  seconds(1), Timeout: seconds(5), FailureThreshold: 3, StartupTimeout: seconds(60),
					},
					StopSignal:      "SIGTERM",
					StopGracePeriod: seconds(10),
				},
				Update: spec.Update{
					MaxUnavailable: &spec.IntOrPercent{Value: 20, Percent: true}, MaxSurge: &spec.IntOrPercent{Value: 1},
					MinReady: new(seconds(2)), ProgressDeadline: seconds(600), MaxFailures: new(1), OnFailure: "pause",
				},
				Restart: spec.Restart{
					InitialBackoff: seconds(1), MaxBackoff: seconds(300), ResetAfter: seconds(600), KeepFailed: new(3),
				},
			},
			Volumes: []spec.Volume{{Name: "data", Reclaim: "Retain"}},
		}))
	})

	It("leaves a container without a probe without one", func() {
		Expect(load(smallest).Spec.Workers.Template.Readiness).To(BeNil())
	})

	It("keeps what was said, an empty list and 0 included", func() {
		p := load(with("      security: {capDrop: [], noNewPrivileges: false}",
			"    update: {maxSurge: 0, minReady: 0, maxFailures: 0}", "    restart: {keepFailed: 0}"))
		Expect(p.Spec.Workers.Template.Security.CapDrop).To(BeEmpty())
		Expect(*p.Spec.Workers.Template.Security.NoNewPrivileges).To(BeFalse())
		Expect(*p.Spec.Workers.Update.MaxSurge).To(Equal(spec.IntOrPercent{}))
		Expect(*p.Spec.Workers.Update.MinReady).To(BeZero())
		Expect(*p.Spec.Workers.Update.MaxFailures).To(BeZero())
		Expect(*p.Spec.Workers.Restart.KeepFailed).To(BeZero())
	})

	DescribeTable("never sets a ceiling that is refused", func(warm string, ceiling int) {
		Expect(*load(changed("warm: 3", "warm: "+warm)).Spec.Workers.Max).To(Equal(ceiling))
	},
		Entry(nil, "0", 10),
		Entry(nil, "995", 1000),
		Entry(nil, "1000", 1000),
	)

	It("gives one spelling to what has several", func() {
		p := load(with("      security: {capAdd: [CAP_NET_ADMIN, KILL]}", `  parent: {image: x, ports: ["[::1]:80:80", "0.0.0.0:53:53/udp"]}`))
		Expect(p.Spec.Workers.Template.Security.CapAdd).To(Equal([]string{"NET_ADMIN", "KILL"}))
		Expect(p.Spec.Parent.Ports).To(Equal([]string{"[::1]:80:80/tcp", "0.0.0.0:53:53/udp"}))
	})

	It("changes nothing the second time, whatever the pool", func() {
		for seed := range uint64(500) {
			p := randomPool(seed)
			spec.Default(&p)
			once, err := spec.Marshal(p)
			Expect(err).NotTo(HaveOccurred())
			spec.Default(&p)
			twice, err := spec.Marshal(p)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(twice)).To(Equal(string(once)), "seed %d", seed)
		}
	})
})

func seconds(n int) spec.Duration { return spec.Duration(time.Duration(n) * time.Second) }

// randomPool sets each field of a pool, or leaves it alone, by chance.
func randomPool(seed uint64) spec.Pool {
	var p spec.Pool
	randomize(rand.New(rand.NewPCG(seed, 0)), reflect.ValueOf(&p.Spec).Elem())
	return p
}

var randomTexts = []string{"", "a", "80:80", "CAP_KILL", "CAP_CAP_KILL", "/a", "SIGINT", "default", "user"}

func randomize(r *rand.Rand, v reflect.Value) {
	if r.IntN(3) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			randomize(r, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		randomize(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			randomize(r, v.Index(i))
		}
	case reflect.String:
		v.SetString(randomTexts[r.IntN(len(randomTexts))])
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(3))
	case reflect.Bool:
		v.SetBool(true)
	default:
	}
}
