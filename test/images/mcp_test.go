//go:build e2e

package images_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The images of a pool with the MCP service.
const (
	parentImage = "hal/parent"
	mcpImage    = "hal/mcp"
	workerImage = "hal/worker"
)

// pool is a pool's containers in one network namespace, as mode shared has them.
type pool struct {
	parent, mcp, worker container
}

// hardened is the least that the service may have.
var hardened = []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "200"}

func newPool() pool {
	GinkgoHelper()
	p := pool{parent: run(parentImage)}
	p.mcp = p.join(append(slices.Clone(hardened), "--mount", "type=volume,target=/data/memory-bank", mcpImage)...)
	p.worker = p.join(append(slices.Clone(hardened), workerImage, "sleep", "infinity")...)
	Eventually(p.mcp.log).Should(ContainSubstring("listens on"))
	return p
}

// join runs a container that shares the pool's network namespace.
func (p pool) join(args ...string) container {
	GinkgoHelper()
	return run(append([]string{"--network", "container:" + string(p.parent)}, args...)...)
}

// servers counts the processes of the service that are a session's own.
func (p pool) servers() int {
	GinkgoHelper()
	n := 0
	for _, line := range p.mcp.processes() {
		if strings.Contains(line, "node_modules") {
			n++
		}
	}
	return n
}

var _ = Describe("hal/mcp", Ordered, func() {
	var p pool

	BeforeAll(func() {
		p = newPool()
	})

	DescribeTable("offers to a worker",
		func(name string, tools ...string) {
			s := p.worker.join(name)
			Expect(s.initialize()).To(Equal("2025-11-25"))
			Expect(s.tools()).To(ConsistOf(tools))
			Expect(s.end()).To(Equal(outcome{}))
		},
		Entry(nil, "chromadb", "chroma_list_collections", "chroma_create_collection", "chroma_delete_collection", "chroma_count",
			"chroma_add", "chroma_get", "chroma_query", "chroma_update", "chroma_delete_documents"),
		Entry(nil, "memory-bank", "list_projects", "list_project_files", "memory_bank_read", "memory_bank_write", "memory_bank_update"),
		Entry(nil, "sequential-thinking", "sequentialthinking"),
	)

	It("keeps documents in the pool's ChromaDB, and finds the closest one first", func() {
		s := p.worker.join("chromadb")
		s.initialize()
		// ChromaDB may still be on its way up.
		Eventually(func() string {
			return p.worker.exec(conversation("chroma_list_collections", "{}"), "hal-mcp", "chromadb").Out
		}).
			Should(ContainSubstring(`"text":"[`))
		s.call("chroma_create_collection", map[string]any{"collection": "notes"})
		s.call("chroma_add", map[string]any{"collection": "notes", "ids": []string{"loop", "volumes", "claims"}, "documents": []string{
			"The reconciler lists containers afresh on every pass.",
			"Volumes are never removed unless the manifest says so.",
			"A claimed worker is sacred: no rollout stops it.",
		}, "metadatas": []any{map[string]any{"page": 1}, nil, map[string]any{"page": 2}}})

		another := p.worker.join("chromadb")
		another.initialize()
		Expect(another.call("chroma_count", map[string]any{"collection": "notes"})).To(MatchJSON(`{"count":3}`))
		Expect(closest(another, map[string]any{"query_texts": []string{"who may remove a volume"}})).To(HaveExactElements("volumes", "loop", "claims"))
		Expect(closest(another, map[string]any{"query_texts": []string{"volume"}, "where": map[string]any{"page": map[string]any{"$gte": 2}}})).
			To(HaveExactElements("claims"))

		another.call("chroma_update", map[string]any{"collection": "notes", "ids": []string{"loop"}, "documents": []string{"Who may remove a volume: nobody."}})
		Expect(closest(s, map[string]any{"query_texts": []string{"who may remove a volume"}})).To(HaveExactElements("loop", "volumes", "claims"))
		Expect(s.call("chroma_delete_documents", map[string]any{"collection": "notes", "ids": []string{"loop", "gone"}})).
			To(MatchJSON(`{"deleted":["loop"]}`))
		Expect(s.call("chroma_get", map[string]any{"collection": "notes", "where": map[string]any{"page": 2}})).To(MatchJSON(
			`{"documents":[{"id":"claims","document":"A claimed worker is sacred: no rollout stops it.","metadata":{"page":2}}]}`))
		s.call("chroma_delete_collection", map[string]any{"collection": "notes"})
	})

	It("keeps what memory-bank is given, for every session", func() {
		file := map[string]any{"projectName": "hal", "fileName": "brief.md"}
		s := p.worker.join("memory-bank")
		s.initialize()
		s.call("memory_bank_write", map[string]any{"projectName": "hal", "fileName": "brief.md", "content": "warm workers"})
		Expect(s.end()).To(Equal(outcome{}))

		another := p.worker.join("memory-bank")
		another.initialize()
		Expect(another.call("memory_bank_read", file)).To(Equal("warm workers"))
	})

	It("keeps the thoughts of each session apart", func() {
		thought := map[string]any{"thought": "look first", "thoughtNumber": 1, "totalThoughts": 2, "nextThoughtNeeded": true}
		one, other := p.worker.join("sequential-thinking"), p.worker.join("sequential-thinking")
		one.initialize()
		other.initialize()
		Expect(one.call("sequentialthinking", thought)).To(ContainSubstring(`"thoughtHistoryLength": 1`))
		Expect(one.call("sequentialthinking", thought)).To(ContainSubstring(`"thoughtHistoryLength": 2`))
		Expect(other.call("sequentialthinking", thought)).To(ContainSubstring(`"thoughtHistoryLength": 1`))
		Expect(p.mcp.log()).NotTo(ContainSubstring("look first"))
	})

	DescribeTable("answers what is piped in",
		func(name, tool, arguments string) {
			got := p.worker.exec(conversation(tool, arguments), "hal-mcp", name)
			Expect(got.Err).To(BeEmpty())
			Expect(got.Code).To(BeZero())
			Expect(strings.Split(strings.TrimSpace(got.Out), "\n")).To(ConsistOf(ContainSubstring(`"id":1`), ContainSubstring(`"id":2`)))
		},
		Entry("to chromadb", "chromadb", "chroma_list_collections", `{}`),
		Entry("to memory-bank", "memory-bank", "list_projects", `{}`),
		Entry("to sequential-thinking", "sequential-thinking", "sequentialthinking",
			`{"thought":"x","thoughtNumber":1,"totalThoughts":1,"nextThoughtNeeded":false}`),
	)

	It("ends a session's process with it, however it ends", func() {
		Eventually(p.servers).Should(BeZero())
		asked, dropped := p.worker.join("memory-bank"), p.worker.join("sequential-thinking")
		asked.initialize()
		dropped.initialize()
		Expect(p.servers()).To(Equal(2))
		Expect(asked.end()).To(Equal(outcome{}))
		Expect(p.worker.exec("", "sh", "-c", `kill -KILL $(pidof hal-mcp)`)).To(HaveField("Code", BeZero()))
		Expect(dropped.outcome()).To(HaveField("Code", 137))
		Eventually(p.servers).Should(BeZero())
	})

	It("refuses a server that it does not have, and the 65th session, and says why", func() {
		Expect(p.worker.exec("", "hal-mcp", "time")).To(Equal(outcome{Code: 1, Err: "hal-mcp: time at localhost:8001: " +
			"there is no server time: there are chromadb, memory-bank, sequential-thinking\n"}))
		sessions := func() int {
			log := p.mcp.log()
			return strings.Count(log, " starts\n") - strings.Count(log, " ends after ")
		}
		Eventually(sessions).Should(BeZero())
		one := p.worker.join("chromadb")
		one.initialize()
		p.join(workerImage, "sh", "-c", `for i in $(seq 63); do sleep infinity | hal-mcp chromadb >/dev/null & done; wait`)
		Eventually(sessions).Should(Equal(64))
		Expect(p.worker.exec("", "hal-mcp", "chromadb")).To(Equal(outcome{Code: 1, Err: "hal-mcp: chromadb at localhost:8001: " +
			"all 64 sessions are in use: end one, or raise HAL_MCP_SESSIONS of the service mcp\n"}))
		Expect(one.end()).To(Equal(outcome{}))
		Eventually(func() outcome { return p.worker.exec("", "hal-mcp", "chromadb") }).Should(Equal(outcome{}))
	})

	It("stops in time and at ease, whatever sessions there are", func() {
		s := p.worker.join("memory-bank")
		s.initialize()
		begun := time.Now()
		docker("stop", "--time", "20", string(p.mcp))
		Expect(time.Since(begun)).To(BeNumerically("<", 5*time.Second))
		Expect(docker("inspect", "--format", "{{.State.ExitCode}}", string(p.mcp))).To(Equal("0"))
		Expect(s.outcome()).To(HaveField("Code", 1))
	})

	It("when it is killed, has each session end with a reason, and the next one wait for it", func() {
		docker("start", string(p.mcp))
		s := p.worker.join("chromadb")
		s.initialize()
		docker("kill", "--signal", "KILL", string(p.mcp))
		got := s.outcome()
		Expect(got.Code).To(Equal(1))
		Expect(got.Err).To(Equal("hal-mcp: chromadb at localhost:8001: the session was ended by the service, " +
			"which may have been stopped or restarted: connect again\n"))

		early := p.worker.join("chromadb")
		docker("start", string(p.mcp))
		Expect(early.initialize()).To(Equal("2025-11-25"))
	})

	It("when it is not there, is asked for by what the worker says", func() {
		docker("stop", string(p.mcp))
		got := p.worker.exec("", "hal-mcp", "chromadb")
		Expect(got.Code).To(Equal(1))
		Expect(got.Err).To(And(HavePrefix("hal-mcp: the MCP service at localhost:8001 cannot be reached:"),
			HaveSuffix("add the service mcp with image hal/mcp to the pool, or set HAL_MCP_ADDRESS\n")))
	})
})

var _ = Describe("The scripts of hal/mcp", func() {
	It("pass their own tests, on the Node.js and with the packages of the image", func() {
		tests, err := filepath.Glob("../../images/mcp/*.test.mjs")
		Expect(err).NotTo(HaveOccurred())
		Expect(tests).NotTo(BeEmpty())
		c := create(mcpImage, "node", "--test", "/opt/mcp/")
		for _, test := range tests {
			docker("cp", test, string(c)+":/opt/mcp/")
		}
		got := try("", "start", "--attach", string(c))
		Expect(got.Code).To(BeZero(), got.Out)
		Expect(got.Out).To(And(MatchRegexp(`# pass [1-9]\d`), ContainSubstring("# fail 0")))
	})
})

// conversation is all that a client has to say to have one tool called.
func conversation(tool, arguments string) string {
	return strings.Join([]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + introduction + `}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`,
	}, "\n") + "\n"
}

// closest are the ids that a query for one text finds in the collection notes.
func closest(s *session, query map[string]any) []string {
	GinkgoHelper()
	query["collection"] = "notes"
	var answer struct {
		Results []struct{ Matches []struct{ ID string } }
	}
	Expect(json.Unmarshal([]byte(s.call("chroma_query", query)), &answer)).To(Succeed())
	Expect(answer.Results).To(HaveLen(1))
	var ids []string
	for _, match := range answer.Results[0].Matches {
		ids = append(ids, match.ID)
	}
	return ids
}
