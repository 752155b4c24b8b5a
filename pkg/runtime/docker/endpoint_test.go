package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// machine is a home directory and an environment to resolve in.
type machine struct {
	home string
	env  map[string]string
}

func newMachine() *machine {
	return &machine{home: GinkgoT().TempDir(), env: map[string]string{}}
}

func (m *machine) path(name string) string { return filepath.Join(m.home, name) }

func (m *machine) write(name, text string) {
	GinkgoHelper()
	Expect(os.MkdirAll(filepath.Dir(m.path(name)), 0o755)).To(Succeed())
	Expect(os.WriteFile(m.path(name), []byte(text), 0o600)).To(Succeed())
}

// context declares a docker context.
func (m *machine) context(name, host string) {
	GinkgoHelper()
	m.write(filepath.Join(".docker/contexts/meta", contextID(name), "meta.json"),
		`{"Name":"`+name+`","Metadata":{},"Endpoints":{"docker":{"Host":"`+host+`","SkipTLSVerify":false}}}`)
}

func contextID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func (m *machine) resolve(host, context string) (Endpoint, error) {
	return resolver{
		env: func(name string) string { return m.env[name] }, home: m.home, system: m.path("run/docker.sock"),
	}.resolve(host, context)
}

var _ = Describe("Resolve", func() {
	var m *machine
	BeforeEach(func() { m = newMachine() })

	It("takes what was given over the environment, and that over what is configured", func() {
		m.context("flag", "unix:///flag.sock")
		m.context("env", "unix:///env-context.sock")
		m.context("current", "unix:///current.sock")
		m.write(".docker/config.json", `{"currentContext": "current"}`)
		m.env["DOCKER_HOST"], m.env["DOCKER_CONTEXT"] = "unix:///env.sock", "env"
		for _, step := range []struct {
			host, context string
			want          Endpoint
			unset         string
		}{
			{host: "unix:///given.sock", want: Endpoint{Host: "unix:///given.sock", Reason: "--host"}},
			{context: "flag", want: Endpoint{Host: "unix:///flag.sock", Reason: `docker context "flag", --context`}},
			{want: Endpoint{Host: "unix:///env.sock", Reason: "DOCKER_HOST"}, unset: "DOCKER_HOST"},
			{want: Endpoint{Host: "unix:///env-context.sock", Reason: `docker context "env", DOCKER_CONTEXT`}, unset: "DOCKER_CONTEXT"},
			{want: Endpoint{Host: "unix:///current.sock", Reason: `docker context "current", current in ` + m.path(".docker/config.json")}},
		} {
			Expect(m.resolve(step.host, step.context)).To(Equal(step.want))
			delete(m.env, step.unset)
		}
	})

	It("takes the first default socket that exists, a rootless engine's included", func() {
		m.env["XDG_RUNTIME_DIR"] = m.path("xdg")
		for _, socket := range []string{".docker/desktop/docker.sock", ".docker/run/docker.sock", "xdg/docker.sock"} {
			m.write(socket, "")
			Expect(m.resolve("", "")).To(Equal(Endpoint{
				Host: "unix://" + m.path(socket), Reason: "the first default socket that exists",
			}))
		}
		m.write("run/docker.sock", "")
		Expect(m.resolve("", "default")).To(Equal(Endpoint{
			Host: "unix://" + m.path("run/docker.sock"), Reason: "the default socket",
		}))
	})

	It("expects an engine at the system's socket when there is none, and says where it looked", func() {
		endpoint, err := m.resolve("", "")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.Host).To(Equal("unix://" + m.path("run/docker.sock")))
		Expect(endpoint.Reason).To(And(HavePrefix("the default; no socket at "), ContainSubstring(".docker/run/docker.sock")))
	})

	It("reads the configuration where DOCKER_CONFIG says", func() {
		m.env["DOCKER_CONFIG"] = m.path("elsewhere")
		m.write("elsewhere/config.json", `{"currentContext": "default"}`)
		m.write(".docker/config.json", `{"currentContext": "gone"}`)
		_, err := m.resolve("", "")
		Expect(err).NotTo(HaveOccurred())
	})

	It("takes a context's certificates, those that exist", func() {
		m.context("remote", "tcp://engine:2376")
		dir := filepath.Join(".docker/contexts/tls", contextID("remote"), "docker")
		m.write(filepath.Join(dir, "ca.pem"), "")
		m.write(filepath.Join(dir, "key.pem"), "")
		endpoint, err := m.resolve("", "remote")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.TLS).To(Equal(&TLS{CA: m.path(dir + "/ca.pem"), Key: m.path(dir + "/key.pem")}))
	})

	It("takes the environment's certificates for a host over TCP, and no other", func() {
		m.write("certs/ca.pem", "")
		m.env["DOCKER_CERT_PATH"] = m.path("certs")
		endpoint, err := m.resolve("engine:2376", "")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.Host).To(Equal("tcp://engine:2376"))
		Expect(endpoint.TLS).To(Equal(&TLS{CA: m.path("certs/ca.pem"), SkipVerify: true}))
		m.env["DOCKER_TLS_VERIFY"] = "1"
		endpoint, err = m.resolve("tcp://engine:2376", "")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.TLS.SkipVerify).To(BeFalse())
		endpoint, err = m.resolve("unix:///x.sock", "")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.TLS).To(BeNil())
	})

	DescribeTable("says what is wrong and the way out",
		func(prepare func(), host, context, message string) {
			prepare()
			_, err := m.resolve(host, context)
			Expect(err).To(MatchError(ContainSubstring(message)))
		},
		Entry("two engines", func() {}, "unix:///a", "b", "--host and --context both name an engine"),
		Entry("ssh", func() {}, "ssh://me@there", "", "ssh is not supported: forward the socket"),
		Entry("a context with ssh", func() { m.context("far", "ssh://me@there") }, "", "far", "ssh is not supported"),
		Entry("an unknown context", func() {}, "", "gone", `docker context "gone" (--context) does not exist: see `),
		Entry("a context of something else", func() { m.context("k8s", "") }, "", "k8s", "names no Docker engine"),
		Entry("a spoilt configuration", func() { m.write(".docker/config.json", "{") }, "", "", "name the engine with --host"),
	)
})

var _ = Describe("New", func() {
	It("says which endpoint has an address that is none", func() {
		_, err := New(Endpoint{Host: "nonsense", Reason: "--host"}, "default")
		Expect(err).To(MatchError(ContainSubstring("nonsense (--host)")))
	})

	It("says which endpoint has certificates that cannot be read", func() {
		_, err := New(Endpoint{Host: "tcp://engine:2376", Reason: "--host", TLS: &TLS{CA: "/no/such.pem"}}, "default")
		Expect(err).To(MatchError(And(ContainSubstring("tcp://engine:2376 (--host)"), ContainSubstring("/no/such.pem"))))
	})
})

// listen makes a Unix socket that a test serves.
func listen() (net.Listener, Endpoint) {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "s")
	listener, err := net.Listen("unix", path)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { _ = listener.Close() }) // a server may have closed it
	return listener, Endpoint{Host: "unix://" + path, Reason: "a test"}
}
