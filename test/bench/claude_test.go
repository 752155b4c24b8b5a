//go:build bench

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"hal-controller/pkg/runtime/docker"
)

const (
	claudeStarts = 5
	// prompt is what Claude Code draws when it waits for a person.
	prompt = "❯"
)

// TestClaude measures Claude Code in a worker as it is shipped: how long until
// its prompt is drawn, and what it takes while it waits.
func TestClaude(t *testing.T) {
	endpoint, err := docker.Resolve("", "")
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.NewClientWithOpts(client.WithHost(endpoint.Host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()

	var cold, warm, version []time.Duration
	for range claudeStarts {
		w := newClaudeWorker(t, api)
		if dropPageCache() {
			cold = append(cold, timed(func() { w.startClaude(t) }))
		}
		w = newClaudeWorker(t, api)
		warm = append(warm, timed(func() { w.startClaude(t) }))
		version = append(version, timed(func() { w.run(t, "claude", "--version") }))
	}
	w := newClaudeWorker(t, api)
	before := w.memory(t)
	w.startClaude(t)
	var figures table
	if len(cold) > 0 {
		figures.fact("exec claude -> its prompt, cold page cache", text(median(cold)), fmt.Sprintf("median of %d", len(cold)))
	}
	figures.fact("exec claude -> its prompt, warm", text(median(warm)), fmt.Sprintf("median of %d", len(warm)))
	figures.fact("exec claude --version, warm", text(median(version)), "the exec itself included")
	figures.fact("memory of a worker, idle", before, "without the page cache")
	figures.fact("memory with Claude Code waiting", w.settledMemory(t), "the same, 5 s later")
	figures.print()
}

// dropPageCache needs root, and the engine's files on this machine.
func dropPageCache() bool {
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0) == nil
}

type claudeWorker struct {
	api *client.Client
	id  string
}

func newClaudeWorker(t *testing.T, api *client.Client) claudeWorker {
	t.Helper()
	init := true
	created, err := api.ContainerCreate(context.Background(), &container.Config{Image: image, Labels: map[string]string{"hal.test": "bench"}},
		&container.HostConfig{Init: &init, Resources: container.Resources{Memory: 4 << 30}}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = api.ContainerRemove(context.Background(), created.ID, container.RemoveOptions{Force: true})
	})
	if err := api.ContainerStart(context.Background(), created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return claudeWorker{api, created.ID}
}

func (w claudeWorker) exec(t *testing.T, command ...string) io.Reader {
	t.Helper()
	ctx := context.Background()
	created, err := w.api.ContainerExecCreate(ctx, w.id, container.ExecOptions{
		Cmd: command, Tty: true, AttachStdin: true, AttachStdout: true, Env: []string{"TERM=xterm-256color"}, ConsoleSize: &[2]uint{40, 120},
	})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := w.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{Tty: true, ConsoleSize: &[2]uint{40, 120}})
	if err != nil {
		t.Fatal(err)
	}
	_ = w.api.ContainerExecResize(ctx, created.ID, container.ResizeOptions{Height: 40, Width: 120}) // 20.10 takes no size before
	t.Cleanup(stream.Close)
	return stream.Reader
}

func (w claudeWorker) run(t *testing.T, command ...string) {
	t.Helper()
	if _, err := io.Copy(io.Discard, w.exec(t, command...)); err != nil {
		t.Fatal(err)
	}
}

// startClaude returns when Claude Code has drawn its prompt; it goes on waiting.
func (w claudeWorker) startClaude(t *testing.T) {
	t.Helper()
	output := w.exec(t, "claude")
	var screen bytes.Buffer
	buffer := make([]byte, 32<<10)
	for !strings.Contains(screen.String(), prompt) {
		n, err := output.Read(buffer)
		screen.Write(buffer[:n])
		if err != nil {
			t.Fatalf("Claude Code ended before its prompt: %v\n%s", err, screen.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
}

// memory is what the engine counts as used, less the page cache.
func (w claudeWorker) memory(t *testing.T) string {
	t.Helper()
	answer, err := w.api.ContainerStatsOneShot(context.Background(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return memoryIn(t, answer.Body)
}

func (w claudeWorker) settledMemory(t *testing.T) string {
	t.Helper()
	time.Sleep(5 * time.Second)
	return w.memory(t)
}

func memoryIn(t *testing.T, stats io.Reader) string {
	t.Helper()
	var s container.StatsResponse
	if err := json.NewDecoder(stats).Decode(&s); err != nil {
		t.Fatal(err)
	}
	cache := max(s.MemoryStats.Stats["total_inactive_file"], s.MemoryStats.Stats["inactive_file"]) // cgroup v1, v2
	return fmt.Sprintf("%.0f MB", float64(s.MemoryStats.Usage-cache)/1e6)
}
