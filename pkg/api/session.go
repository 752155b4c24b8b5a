package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/yamux"

	"hal-controller/pkg/runtime"
)

// A session's connection is a POST that is upgraded. Its request and the answer of
// no are JSON as everywhere; after the answer of yes, three streams share the
// connection: words, a line of JSON each; the command's input and, the other way,
// its output; its error output.
//
// yamux gives each stream a window of its own. So a command that does not read
// its input holds up no signal to it, and one whose output nobody takes, neither.
// It is some 1,500 lines without dependencies, which is what frames of our own
// with such windows would come to; a WebSocket has none. Whether the other end is
// still there needs no asking on a Unix socket: the kernel tells.
const sessionProtocol = "hal-session"

const (
	// maxWord is the most bytes that a word has.
	maxWord = 8 << 10
	// forever is for time limits that would end the session of a client that is
	// only stopped, as by Ctrl-Z.
	forever = 1000 * 24 * time.Hour
)

// SessionRequest is a command to run in a claimed worker.
type SessionRequest struct {
	Command []string `json:"command"`
	// Env is set beside the worker's own.
	Env map[string]string `json:"env,omitempty"`
	// User and WorkDir are the worker's where they are empty.
	User    string `json:"user,omitempty"`
	WorkDir string `json:"workDir,omitempty"`
	// Terminal that the command runs on; nil: none.
	Terminal *runtime.TerminalSize `json:"terminal,omitempty"`
	// Release has the claim released at the end of the session, whatever way it ends
	// but by detaching: even when this client has no time left to ask for it.
	Release bool `json:"release,omitempty"`
}

// Noticing is a Session that has something to tell the person at the other end, beside
// what its command says.
type Noticing interface{ Notices() <-chan string }

// Spec is the request in the runtime's terms.
func (r SessionRequest) Spec() runtime.SessionSpec {
	spec := runtime.SessionSpec{Command: r.Command, User: r.User, WorkDir: r.WorkDir, Terminal: r.Terminal}
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		spec.Env = append(spec.Env, runtime.EnvVar{Name: name, Value: r.Env[name]})
	}
	return spec
}

// validate names no values: they may be secrets.
func (r SessionRequest) validate() error {
	if len(r.Command) == 0 {
		return invalid(`session: say what to run, as {"command": ["bash"]}`)
	}
	for _, word := range append(slices.Clone(r.Command), r.User, r.WorkDir) {
		if strings.Contains(word, "\x00") {
			return invalid("session: a NUL byte can be in no word of a command")
		}
	}
	for name, value := range r.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return invalid("session: %q is no name of a variable", name)
		}
		if strings.Contains(value, "\x00") {
			return invalid("session: the value of %s has a NUL byte", name)
		}
	}
	return nil
}

// What the words stream says: one of the fields at a time.
type (
	clientWord struct {
		Resize *runtime.TerminalSize `json:"resize,omitempty"`
		Signal string                `json:"signal,omitempty"`
		Detach bool                  `json:"detach,omitempty"`
	}
	serverWord struct {
		// Exit and Error are the last word.
		Exit  *int   `json:"exit,omitempty"`
		Error *Error `json:"error,omitempty"`
		// Warning is about something asked for that did not work, or a notice.
		Warning string `json:"warning,omitempty"`
	}
)

// streams are those of a connection, in the order in which they are opened.
type streams struct {
	mux                   *yamux.Session
	words, stdio, stderrs net.Conn
}

func (s streams) close() { _ = s.mux.Close() } // it closes what there is, and has no other error

func muxConfig() *yamux.Config {
	config := yamux.DefaultConfig()
	config.AcceptBacklog = 3
	config.EnableKeepAlive = false
	config.ConnectionWriteTimeout = forever
	config.StreamCloseTimeout = 0 // an input may have ended long before the output
	config.LogOutput = io.Discard
	return config
}

// openStreams makes a client's streams on a connection, which it closes on an error.
func openStreams(conn io.ReadWriteCloser) (s streams, err error) {
	if s.mux, err = yamux.Client(conn, muxConfig()); err != nil {
		return s, err
	}
	return s, s.each(s.mux.Open)
}

// acceptStreams takes those of a client.
func acceptStreams(conn net.Conn) (s streams, err error) {
	if s.mux, err = yamux.Server(conn, muxConfig()); err != nil {
		return s, err
	}
	defer time.AfterFunc(bodyTimeout, s.close).Stop()
	return s, s.each(s.mux.Accept)
}

func (s *streams) each(next func() (net.Conn, error)) (err error) {
	for _, stream := range []*net.Conn{&s.words, &s.stdio, &s.stderrs} {
		if *stream, err = next(); err != nil {
			s.close()
			return err
		}
	}
	return nil
}

// say writes one word.
func say(to io.Writer, word any) error {
	text, err := json.Marshal(word)
	if err != nil {
		return err
	}
	_, err = to.Write(append(text, '\n'))
	return err
}

// hear calls each with every word until the stream ends or each is false.
func hear[T any](from io.Reader, each func(T) bool) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxWord)
	for lines.Scan() {
		var word T
		if err := json.Unmarshal(lines.Bytes(), &word); err != nil {
			return fmt.Errorf("read %.80q: %w", lines.Text(), err)
		}
		if !each(word) {
			return nil
		}
	}
	return lines.Err()
}
