package fake_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/contract"
	"hal-controller/pkg/runtime/fake"
)

func TestFake(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "pkg/runtime/fake")
}

var _ = Describe("The fake engine", func() {
	contract.Specs(func() contract.Fixture {
		r := fake.New(time.Now)
		down := fake.New(time.Now)
		down.Down(true)
		r.AddImage("hal-test/tool")
		playTool(r)
		named := func(what func(string) bool) func(string) {
			return func(id string) {
				for _, c := range r.Snapshot().Containers {
					if c.ID == id {
						Expect(what(c.Name)).To(BeTrue())
					}
				}
			}
		}
		return contract.Fixture{
			Runtime: r, Store: r, Sessions: r, Unreachable: down, Prefix: "t-",
			Image: "hal-test/tool", ShellImage: "hal-test/tool",
			ForeignContainer: func(name string) { r.AddForeign(name) },
			ForeignNetwork:   r.AddForeignNetwork,
			ForeignVolume:    r.AddForeignVolume,
			TagImage:         func(ref string) { r.AddImage(ref) },
			Pause:            named(r.Pause),
			Restart:          named(r.Restart),
			RestartAlways: named(func(name string) bool {
				return r.Edit(name, func(_ *runtime.Container, i *runtime.Inspection) { i.RestartPolicy = "always" })
			}),
		}
	})
})

// playTool makes the engine's containers behave as those of contract's
// testdata/tool.
func playTool(r *fake.Runtime) {
	r.StartExits(func(spec runtime.ContainerSpec) (int, bool) {
		if len(spec.Command) < 2 {
			return 0, false
		}
		switch word, rest := spec.Command[1], spec.Command[2:]; word {
		case "sleep":
			r.Log(spec.Name, "ready")
			return 0, false
		case "stubborn":
			r.Stubborn(spec.Name)
			r.Log(spec.Name, "ready")
			return 0, false
		default:
			result := run(word, rest)
			if result.Output != "" {
				r.Log(spec.Name, strings.TrimSuffix(result.Output, "\n"))
			}
			return result.ExitCode, true
		}
	})
	r.OnBuild(func(instruction string) (string, error) {
		word, rest, _ := strings.Cut(instruction, " ")
		if word != "RUN" {
			return "", nil
		}
		var command []string
		if err := json.Unmarshal([]byte(rest), &command); err != nil {
			return "", err
		}
		if command[1] == "sleep" {
			select {} // hangs, as it says
		}
		result := run(command[1], command[2:])
		if result.ExitCode != 0 {
			return result.Output, fmt.Errorf("The command %q returned a non-zero code: %d", command, result.ExitCode)
		}
		return result.Output, nil
	})
	r.OnSession(playSession)
	r.OnExec(func(_ runtime.Container, command []string) runtime.ExecResult {
		switch {
		case command[0] != "/tool":
			return runtime.ExecResult{ExitCode: 127}
		case command[1] == "sleep":
			select {} // hangs, as it says
		default:
			return run(command[1], command[2:])
		}
	})
}

func run(word string, rest []string) (result runtime.ExecResult) {
	switch word {
	case "exit":
		result.ExitCode, _ = strconv.Atoi(rest[0])
	case "say", "complain":
		result.Output = strings.Join(rest, "\n") + "\n"
	case "fill":
		n, _ := strconv.Atoi(rest[0])
		result.Output = strings.Repeat("x", n) + "end"
	}
	return result
}
