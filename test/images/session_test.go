//go:build e2e

package images_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

// session is a client of an MCP server, by the command that workers have for it.
type session struct {
	command    *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
	complaints *gbytes.Buffer
	requests   int
}

// join starts a session of the server called name in a worker, and leaves the
// introductions to initialize.
func (c container) join(name string) *session {
	GinkgoHelper()
	s := &session{
		command:    exec.Command("docker", "exec", "--interactive", string(c), "hal-mcp", name),
		complaints: gbytes.NewBuffer(),
	}
	s.command.Stderr = s.complaints
	var err error
	s.in, err = s.command.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	out, err := s.command.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	s.out = bufio.NewReader(out)
	Expect(s.command.Start()).To(Succeed())
	DeferCleanup(func() { _ = s.in.Close() })
	return s
}

// initialize introduces itself to the server, and returns the protocol agreed on.
func (s *session) initialize() string {
	GinkgoHelper()
	var answer struct{ ProtocolVersion string }
	s.request("initialize", json.RawMessage(introduction), &answer)
	s.write(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	return answer.ProtocolVersion
}

const introduction = `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`

// tools are the names of all that the server offers.
func (s *session) tools() []string {
	GinkgoHelper()
	var answer struct{ Tools []struct{ Name string } }
	s.request("tools/list", map[string]any{}, &answer)
	names := make([]string, len(answer.Tools))
	for i, tool := range answer.Tools {
		names[i] = tool.Name
	}
	return names
}

// call calls a tool, and returns the text that it answers with.
func (s *session) call(tool string, arguments map[string]any) string {
	GinkgoHelper()
	var answer struct {
		Content []struct{ Text string }
		IsError bool
	}
	s.request("tools/call", map[string]any{"name": tool, "arguments": arguments}, &answer)
	Expect(answer.Content).To(HaveLen(1))
	Expect(answer.IsError).To(BeFalse(), answer.Content[0].Text)
	return answer.Content[0].Text
}

// request sends one, and has the result of its answer decoded.
func (s *session) request(method string, params, result any) {
	GinkgoHelper()
	s.requests++
	s.write(map[string]any{"jsonrpc": "2.0", "id": s.requests, "method": method, "params": params})
	line, err := s.out.ReadBytes('\n')
	Expect(err).NotTo(HaveOccurred(), string(s.complaints.Contents()))
	var answer struct {
		ID     int
		Result json.RawMessage
		Error  json.RawMessage
	}
	Expect(json.Unmarshal(line, &answer)).To(Succeed(), string(line))
	Expect(answer.ID).To(Equal(s.requests), string(line))
	Expect(answer.Error).To(BeNil(), string(line))
	Expect(json.Unmarshal(answer.Result, result)).To(Succeed(), string(line))
}

func (s *session) write(message any) {
	GinkgoHelper()
	Expect(json.NewEncoder(s.in).Encode(message)).To(Succeed())
}

// end says nothing more, and tells how the command ended.
func (s *session) end() outcome {
	GinkgoHelper()
	Expect(s.in.Close()).To(Succeed())
	return s.outcome()
}

// outcome waits for the command to end.
func (s *session) outcome() outcome {
	GinkgoHelper()
	rest, err := io.ReadAll(s.out)
	Expect(err).NotTo(HaveOccurred())
	_ = s.command.Wait() // how it ended is in its state
	return outcome{s.command.ProcessState.ExitCode(), string(rest), string(s.complaints.Contents())}
}
