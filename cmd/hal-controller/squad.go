package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hal-controller/pkg/project"
)

const squadLong = `Start Claude Code on several tasks at once, each in a worker of its own, as with
claude --detach. The file says which:

  pool: dev            # or the one that fits each project
  tasks:
  - name: login        # of the claim
    prompt: Fix the login that fails after a restart.
    branch: fix-login  # in a clone, fetched by hand; or the project as it is
    dir: ../shop       # relative to the file; or where that is

A task that cannot be started does not keep the others. Where one could not, it ends
with 1.`

// squadAtOnce is how many tasks are started at one time.
const squadAtOnce = 4

func newSquad(a *app) *cobra.Command {
	var file manifestPath
	var f claimFlags
	c := &cobra.Command{
		Use: "squad -f FILE", Short: "Start Claude Code on several tasks, each in a worker of its own", Long: squadLong,
		GroupID: groupUse, Args: noArguments, Example: "  hal-controller squad -f tasks.yaml",
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return usagef("say which tasks, as in: %s -f tasks.yaml", c.CommandPath())
			}
			return a.squad(c.Context(), string(file), f)
		},
	}
	file.flag(c, "file of tasks")
	f.private(c)
	f.terms(c)
	return c
}

// squad starts all tasks, and goes on when one fails.
func (a *app) squad(ctx context.Context, file string, f claimFlags) error {
	tasks, err := project.ReadTasks(file)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("-f: %w", err)
	}
	if err != nil {
		return err
	}
	ctx, stop := heldSignals(ctx)
	defer stop()
	each := *a
	each.errOut = &oneAtATime{w: a.errOut}
	started := make([]taskStart, len(tasks.Tasks))
	var group errgroup.Group
	group.SetLimit(squadAtOnce)
	for i, task := range tasks.Tasks {
		group.Go(func() error {
			started[i] = each.startTask(ctx, task, tasks.Pool, f)
			return nil
		})
	}
	_ = group.Wait() // each has its own
	return a.tellSquad(started)
}

// taskStart is what became of a task.
type taskStart struct {
	task project.Task
	started
	err error
}

func (a *app) startTask(ctx context.Context, task project.Task, pool string, f claimFlags) taskStart {
	f.name = task.Name
	t := taskStart{task: task}
	// A prompt that begins with a dash is no flag.
	t.started, t.err = a.start(ctx, task.Dir, []string{"--", task.Prompt}, claudeOptions{claimFlags: f, pool: pool, branch: task.Branch})
	if t.err == nil {
		t.err = a.leave(ctx, t.started)
	}
	return t
}

// tellSquad prints what became of each task; the answer is no where one has not begun.
func (a *app) tellSquad(all []taskStart) error {
	cells := [][]string{{"NAME", "POOL", "WORKER", "DIRECTORY", "MESSAGE"}}
	var answer error
	for _, t := range all {
		if t.err != nil {
			cells = append(cells, []string{t.task.Name, "", "", t.task.Dir, t.err.Error()})
			answer = answerNo()
			continue
		}
		cells = append(cells, []string{t.task.Name, t.claim.Pool, t.claim.Container, t.claim.Project, ""})
		a.tellDetached(t.started)
	}
	rows := table{w: a.out}
	if err := rows.print(cells...); err != nil {
		return err
	}
	return answer
}

// oneAtATime keeps what several write apart.
type oneAtATime struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *oneAtATime) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}
