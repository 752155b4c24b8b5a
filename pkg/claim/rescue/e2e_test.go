//go:build e2e

package rescue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/rescue"
	"hal-controller/pkg/runtime"
)

// docker is the engine, by its command.
type docker struct{}

func (docker) Run(ctx context.Context, id, script string, stdin io.Reader, stdout io.Writer) (int, error) {
	command := exec.CommandContext(ctx, "docker", "exec", "-i", id, "sh", "-c", script)
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, GinkgoWriter
	err := command.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (docker) Logs(ctx context.Context, id string, tail int, _ bool) (io.ReadCloser, error) {
	return output(exec.CommandContext(ctx, "docker", "logs", "--tail", fmt.Sprint(tail), id))
}

func (docker) Archive(ctx context.Context, id, path string) (io.ReadCloser, error) {
	return output(exec.CommandContext(ctx, "docker", "cp", id+":"+path, "-"))
}

func output(command *exec.Cmd) (io.ReadCloser, error) {
	out, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if text := strings.ToLower(string(exit.Stderr)); strings.Contains(text, "no such") || strings.Contains(text, "could not find") {
			return nil, runtime.ErrNotFound
		}
		return nil, fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return io.NopCloser(bytes.NewReader(out)), err
}

var _ = Describe("A rescue from a real worker", func() {
	// started starts a worker, which goes with the spec, and runs a script in it.
	started := func(ctx context.Context, image, script string) string {
		GinkgoHelper()
		out, err := exec.CommandContext(ctx, "docker", "run", "-d", "--init", "--label", "hal-test=rescue",
			"--cap-drop", "ALL", "--tmpfs", "/fast:mode=1777", image, "sh", "-c", "echo started; exec sleep infinity").Output()
		Expect(err).NotTo(HaveOccurred())
		id := strings.TrimSpace(string(out))
		DeferCleanup(func() { Expect(exec.Command("docker", "rm", "-f", id).Run()).To(Succeed()) })
		Expect(docker{}.Run(ctx, id, script, strings.NewReader(""), GinkgoWriter)).To(Equal(0))
		return id
	}
	rescued := func(ctx context.Context, id string) (rescue.Report, []string) {
		GinkgoHelper()
		report, err := rescue.Rescue(ctx, docker{}, GinkgoT().TempDir(), rescue.Request{
			Claim: "fix", ID: id, Time: time.Now(), ConfigDir: "/home/claude/.claude", Outlives: []string{"/workspace"},
		}, rescue.Options{})
		Expect(err).NotTo(HaveOccurred())
		return report, files(report.Dir)
	}
	const work = `set -e
mkdir -p ~/.claude/projects/p && echo '{}' > ~/.claude/projects/p/1.jsonl
for d in ~/shop /fast/shop /workspace/shop; do
	mkdir -p $d && cd $d && echo one > a
	if command -v git >/dev/null; then
		git init -q && git add a && git -c user.name=x -c user.email=x@x commit -qm first && echo two >> a && echo new > b
	else
		mkdir .git
	fi
done`

	It("saves git trees on disk and in memory, transcripts and output", func(ctx SpecContext) {
		report, saved := rescued(ctx, started(ctx, "hal/worker", work))
		Expect(saved).To(Equal([]string{
			"README.txt", "container.log", "transcripts.tar",
			"tree-01-fast-shop.bundle", "tree-01-fast-shop.diff", "tree-01-fast-shop.untracked.tar",
			"tree-02-home-claude-shop.bundle", "tree-02-home-claude-shop.diff", "tree-02-home-claude-shop.untracked.tar",
		}))
		Expect(report.Missing).To(BeEmpty())
		Expect(names(filepath.Join(report.Dir, "tree-01-fast-shop.untracked.tar"))).To(Equal([]string{"b"}))
	})

	It("names the git trees of a worker without git", func(ctx SpecContext) {
		report, saved := rescued(ctx, started(ctx, "hal/worker-ultramin", work))
		Expect(saved).To(Equal([]string{"README.txt", "container.log", "transcripts.tar"}))
		Expect(report.Missing).To(Equal([]rescue.Missing{
			{What: "the git tree /fast/shop", Why: "the worker has no git"},
			{What: "the git tree /home/claude/shop", Why: "the worker has no git"},
		}))
	})

	DescribeTable("reads through the engine what does not answer", func(ctx SpecContext, command string) {
		id := started(ctx, "hal/worker", work)
		Expect(exec.Command("docker", command, id).Run()).To(Succeed())
		report, saved := rescued(ctx, id)
		Expect(saved).To(Equal([]string{"README.txt", "container.log", "transcripts.tar", "tree-01-home-claude-shop.tar"}))
		Expect(names(filepath.Join(report.Dir, "tree-01-home-claude-shop.tar"))).To(ContainElements("a", "b", ".git/HEAD"))
	},
		Entry("a stopped worker", "kill"),
		Entry("a paused worker", "pause"),
	)
})
