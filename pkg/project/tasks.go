package project

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"hal-controller/pkg/spec"
)

// Tasks are what a squad does, each by a worker of its own.
type Tasks struct {
	// Pool of all of them; empty: the one that fits each.
	Pool  string
	Tasks []Task
}

// Task is what one worker does.
type Task struct {
	// Name of its claim.
	Name string
	// Prompt that Claude begins with.
	Prompt string
	// Branch that it works on; empty: what is in Dir.
	Branch string
	// Dir of its project: that of the file where nothing is said.
	Dir string
}

// ReadTasks reads a file of tasks. What is wrong with it is spec.Problems.
func ReadTasks(file string) (Tasks, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Tasks{}, err
	}
	tasks, problems := ParseTasks(file, data)
	return tasks, problems.Err()
}

// ParseTasks reads the text of a file. Directories are relative to it.
func ParseTasks(file string, data []byte) (Tasks, spec.Problems) {
	r := &tasksReader{strict: strict{file: file}, names: map[string]bool{}, trees: map[Task]string{}}
	if root := r.document(data); root != nil {
		r.fields(root, "", map[string]field{"pool": r.text(&r.tasks.Pool), "tasks": r.list})
		if len(r.tasks.Tasks) == 0 && len(r.problems) == 0 {
			r.report(root, "tasks", "is missing: say what to do, as {name: login, prompt: fix the login}")
		}
	}
	return r.tasks, r.problems
}

type tasksReader struct {
	strict
	tasks Tasks
	names map[string]bool
	trees map[Task]string // the task that works on a branch in a directory
}

func (r *tasksReader) list(n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode {
		r.report(n, path, "must be a list of tasks")
		return
	}
	for i, item := range n.Content {
		r.task(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *tasksReader) task(n *yaml.Node, path string) {
	var t Task
	before := len(r.problems)
	r.fields(n, path, map[string]field{
		"name": r.text(&t.Name), "prompt": r.text(&t.Prompt), "branch": r.text(&t.Branch), "dir": r.text(&t.Dir),
	})
	if len(r.problems) > before {
		return // what is not read yet would be missed
	}
	if !filepath.IsAbs(t.Dir) {
		t.Dir = filepath.Join(filepath.Dir(r.file), t.Dir)
	}
	r.check(n, path, t)
	r.tasks.Tasks = append(r.tasks.Tasks, t)
}

// check finds what is wrong with a task that could be read. Two may share a directory,
// to look at it, but not a branch: that is one clone, in which they would work at once.
func (r *tasksReader) check(n *yaml.Node, path string, t Task) {
	if problem := spec.CheckName(t.Name); problem != "" {
		r.report(n, path+".name", "%s", problem)
	} else if r.names[t.Name] {
		r.report(n, path+".name", "%q is that of another task", t.Name)
	}
	r.names[t.Name] = true
	if t.Prompt == "" {
		r.report(n, path+".prompt", "is missing: say what to do")
	}
	tree := Task{Branch: t.Branch, Dir: filepath.Clean(t.Dir)}
	if other, taken := r.trees[tree]; taken && t.Branch != "" {
		r.report(n, path+".branch", "%q is that of task %q, too: give each its own", t.Branch, other)
	}
	r.trees[tree] = t.Name
}
