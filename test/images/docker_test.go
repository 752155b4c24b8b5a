//go:build e2e

package images_test

import (
	"bytes"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// outcome is how a command ended.
type outcome struct {
	Code     int
	Out, Err string
}

// try runs docker with this input, and tells how it ended.
func try(input string, args ...string) outcome {
	GinkgoHelper()
	var out, complaints bytes.Buffer
	command := exec.Command("docker", args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &complaints
	_ = command.Run() // how it ended is in its state
	Expect(command.ProcessState).NotTo(BeNil(), "docker did not start")
	return outcome{command.ProcessState.ExitCode(), out.String(), complaints.String()}
}

// docker runs docker, and returns what it says.
func docker(args ...string) string {
	GinkgoHelper()
	got := try("", args...)
	Expect(got.Code).To(BeZero(), "docker %s: %s", strings.Join(args, " "), got.Err)
	return strings.TrimSpace(got.Out)
}

// container is one that ends with its spec.
type container string

// create makes a container of the image that comes first or after options.
func create(args ...string) container {
	GinkgoHelper()
	id := docker(append([]string{"create", "--init", "--label", "hal.test=images"}, args...)...)
	DeferCleanup(func() {
		if CurrentSpecReport().Failed() {
			logs := try("", "logs", "--tail", "50", id)
			GinkgoWriter.Printf("--- docker create %s\n%s%s", strings.Join(args, " "), logs.Out, logs.Err)
		}
		docker("rm", "--force", "--volumes", id)
	})
	return container(id)
}

// run makes and starts one.
func run(args ...string) container {
	GinkgoHelper()
	c := create(args...)
	docker("start", string(c))
	return c
}

// exec runs a command in it.
func (c container) exec(input string, command ...string) outcome {
	GinkgoHelper()
	return try(input, append([]string{"exec", "--interactive", string(c)}, command...)...)
}

// log is all that it has said on standard error.
func (c container) log() string {
	GinkgoHelper()
	return try("", "logs", string(c)).Err
}

// processes are the command lines of all that runs in it.
func (c container) processes() []string {
	GinkgoHelper()
	lines := strings.Split(docker("top", string(c), "-eo", "pid,args"), "\n")
	return lines[1:]
}
