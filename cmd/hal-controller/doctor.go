package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

const doctorLong = `Look at the engine, this host and the daemon, and say what stands in the way of a
controller, with the way out. With -f, also whether the engine has what the
manifests ask for. Nothing is changed.

It ends with 0 when all is well (warnings included), 1 when a check failed, 2
when a manifest is invalid, 4 when the engine cannot be reached.`

// doctorPatience bounds each question.
const doctorPatience = 5 * time.Second

func newDoctor(a *app) *cobra.Command {
	var path manifestPath
	output := choiceOf("text", "json")
	c := &cobra.Command{
		Use: "doctor [-f PATH]", Short: "Say what stands in the way of a controller here", Long: doctorLong,
		GroupID: groupHelp, Args: noArguments,
		Example: "  hal-controller doctor\n  hal-controller doctor -f pool.yaml -o json",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.doctor(c.Context(), string(path), output.word)
		},
	}
	path.flag(c, manifestUsage)
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

func (a *app) doctor(ctx context.Context, path, output string) error {
	var pools []*spec.Pool
	if path != "" {
		objects, problems := a.loadPath(path)
		if err := a.settle(problems); err != nil {
			return err
		}
		pools = poolsOf(objects)
	}
	checks, reached := a.examine(ctx, pools)
	if output == "json" {
		if err := printJSON(a.out, doctorReport{checks}); err != nil {
			return err
		}
	} else {
		printChecks(a.out, checks)
	}
	switch {
	case !reached:
		return &codedError{code: exitUnavailable}
	case anyFailed(checks):
		return answerNo()
	default:
		return nil
	}
}

// examine makes all checks; reached says whether the engine answered.
func (a *app) examine(ctx context.Context, pools []*spec.Pool) (checks []check, reached bool) {
	endpoint, err := a.endpoint()
	if err != nil {
		return append([]check{failed("engine endpoint", err.Error(), "see --host, --context and DOCKER_HOST")}, a.hostChecks(ctx, "")...), false
	}
	checks = append(checks, passed("engine endpoint", endpoint.String()), accessCheck(endpoint))
	engineID := ""
	engine, err := docker.New(endpoint, a.instance)
	if err == nil {
		defer closeEngine(engine)
		var more []check
		more, engineID, err = engineChecks(ctx, engine, pools)
		checks = append(checks, more...)
	}
	if err != nil {
		checks = append(checks, failed("engine", err.Error(), "start it, or choose another with --host or --context"))
	}
	return append(checks, a.hostChecks(ctx, engineID)...), err == nil
}

// check is one finding of doctor.
type check struct {
	Name string `json:"name"`
	// Result is ok, warning or failed.
	Result  string `json:"result"`
	Message string `json:"message"`
	// Fix is the way out, where one is needed.
	Fix string `json:"fix,omitempty"`
}

type doctorReport struct {
	Checks []check `json:"checks"`
}

// Results of a check.
const (
	resultOK      = "ok"
	resultWarning = "warning"
	resultFailed  = "failed"
)

func passed(name, message string) check       { return check{name, resultOK, message, ""} }
func warning(name, message, fix string) check { return check{name, resultWarning, message, fix} }
func failed(name, message, fix string) check  { return check{name, resultFailed, message, fix} }

func anyFailed(checks []check) bool {
	for _, c := range checks {
		if c.Result == resultFailed {
			return true
		}
	}
	return false
}

func printChecks(w io.Writer, checks []check) {
	for _, c := range checks {
		fmt.Fprintf(w, "%-8s %s: %s\n", c.Result, c.Name, c.Message)
		if c.Fix != "" {
			fmt.Fprintf(w, "%-8s %s\n", "", c.Fix)
		}
	}
}
