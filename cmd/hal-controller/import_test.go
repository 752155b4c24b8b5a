package main

import (
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/hal9000"
)

// engineWith is an engine that has volumes, and says no more of itself. Those with
// a container's name behind a colon are in use by it.
func engineWith(volumes ...string) {
	GinkgoHelper()
	var names, users []string
	for _, v := range volumes {
		name, user, used := strings.Cut(v, ":")
		names = append(names, `{"Name":"`+name+`"}`)
		if used {
			users = append(users, `{"Names":["/`+user+`"],"Labels":{"`+labelOf(user)+`":"`+user+`"},"Mounts":[{"Type":"bind"},{"Type":"volume","Name":"`+name+`"}]}`)
		}
	}
	listener, err := net.Listen("unix", strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"))
	Expect(err).NotTo(HaveOccurred())
	answers := map[string]string{
		"volumes":         `{"Volumes":[` + strings.Join(names, ",") + `]}`,
		"containers/json": `[` + strings.Join(users, ",") + `]`,
	}
	version := regexp.MustCompile(`^/(v[0-9.]+/)?`)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(answers[version.ReplaceAllString(r.URL.Path, "")]))
	})}
	go func() { _ = server.Serve(listener) }()
	DeferCleanup(server.Close)
}

// labelOf is the label of a container: only an import's own has the controller's.
func labelOf(user string) string {
	if user == importInstance {
		return "hal/instance"
	}
	return "com.hal9000.name"
}

var _ = Describe("import hal-9000", func() {
	var file string
	BeforeEach(func() { file = filepath.Join(GinkgoT().TempDir(), "pool.yaml") })

	It("says what it would copy, with the manifest as its only output, for a dry run", func() {
		me, err := user.Current()
		Expect(err).NotTo(HaveOccurred())
		mine := hal9000.Prefix + "claude-home-" + hal9000.UserHash(me.Username)
		engineWith("hal9000-chromadb:hal9000-parent", "other", "hal9000-claude-home-0badcafe", mine)
		result := hal("import", "hal-9000", "--dry-run", "--pool", "moved")
		Expect(result.code).To(Equal(exitYes), result.err)
		Expect(strings.Split(strings.TrimSpace(result.err), "\n")).To(ConsistOf(
			"hal9000-chromadb -> chromadb: would be copied",
			mine+" -> claude-home of "+me.Username+": would be copied",
			"hal9000-claude-home-0badcafe: not copied: it is of nobody who is known here: --user 0badcafe=NAME says whose it is"))
		Expect(hal("validate", "-f", manifest(result.out)).code).To(Equal(exitYes))
	})
	It("takes whose a volume is from --user", func() {
		me, err := user.Current()
		Expect(err).NotTo(HaveOccurred())
		engineWith("hal9000-claude-home-0badcafe", "hal9000-claude-session")
		Expect(hal("import", "hal-9000", "--dry-run", "--user", "0badcafe="+me.Username, "--user", "none="+me.Username).err).To(Equal(
			"hal9000-claude-home-0badcafe, hal9000-claude-session -> claude-home of " + me.Username + ": would be copied\n"))
	})
	It("ends with 1 where there is nothing to import", func() {
		engineWith("other", "nothal9000-chromadb")
		Expect(hal("import", "hal-9000", "-o", file)).To(Equal(outcome{
			err: "hal-controller: this engine has no volumes hal9000-*: there is nothing to import\n", code: exitNo}))
	})
	It("copies nothing that a running container may be changing; that of an import that was killed only reads", func() {
		engineWith("hal9000-chromadb:hal9000-parent", "hal9000-logs:hal9000-parent", "hal9000-memorybank:"+importInstance)
		Expect(hal("import", "hal-9000", "-o", file)).To(Equal(outcome{
			err: "hal-controller: volume hal9000-chromadb is in use by a container that runs: docker stop hal9000-parent\n", code: exitNo}))
	})
	It("does not write over a file with something else in it", func() {
		engineWith("hal9000-chromadb")
		Expect(os.WriteFile(file, []byte(devPool), 0o644)).To(Succeed())
		result := hal("import", "hal-9000", "-o", file)
		Expect(result.code).To(Equal(exitNo))
		Expect(result.err).To(HaveSuffix("is there and has something else in it: write elsewhere with -o, or over it with --force\n"))
		Expect(os.ReadFile(file)).To(BeEquivalentTo(devPool))
	})
	It("ends with 4 without an engine", func() {
		Expect(hal("import", "hal-9000", "-o", file).code).To(Equal(exitUnavailable))
		Expect(file).NotTo(BeAnExistingFile())
	})
	It("has no way to a remote engine", func() {
		result := hal("-H", "tcp://there:2375", "import", "hal-9000")
		Expect(result.code).To(Equal(exitUsage))
		Expect(result.err).To(ContainSubstring("import copies into directories of the engine's machine: run it there"))
	})
	DescribeTable("refuses, before it asks the engine,",
		func(problem string, args ...string) {
			result := hal(append([]string{"import", "hal-9000"}, args...)...)
			Expect(result.code).To(Equal(exitUsage))
			Expect(result.err).To(ContainSubstring(problem))
		},
		Entry("a name that no pool may have", `--pool "Dev": `, "--pool", "Dev"),
		Entry("an owner without a hash", `--user "alice": say it as HASH=NAME`, "--user", "alice"),
		Entry("a hash that is none", `--user "xyz=root": say it as HASH=NAME`, "--user", "xyz=root"),
		Entry("an owner who is nobody here", `--user "0badcafe=no-such-user": there is no user "no-such-user" here`, "--user", "0badcafe=no-such-user"),
		Entry("anything else", `takes no arguments, and got "more"`, "more"),
	)
	It("is named where another system is asked for", func() {
		Expect(hal("import", "hal9000").err).To(ContainSubstring(`did you mean "hal-9000"?`))
	})
})
