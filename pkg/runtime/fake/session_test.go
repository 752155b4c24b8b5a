package fake_test

import (
	"context"
	"fmt"
	"io"

	"hal-controller/pkg/runtime/fake"
)

// playSession plays contract's testdata/tool for somebody who is connected.
func playSession(ctx context.Context, p *fake.Process) int {
	if p.Spec.Command[0] != "/tool" {
		fmt.Fprintf(p.Stderr, "%s: not found\n", p.Spec.Command[0])
		return 127
	}
	switch word, rest := p.Spec.Command[1], p.Spec.Command[2:]; word {
	case "repeat":
		_, _ = io.Copy(p.Stdout, p.Stdin)
		fmt.Fprint(p.Stderr, "end")
	case "getenv":
		for _, v := range p.Spec.Env {
			if v.Name == rest[0] {
				fmt.Fprint(p.Stdout, v.Value)
			}
		}
	case "catch":
		p.Catch("TERM", "USR1")
		fmt.Fprintln(p.Stdout, "ready")
		fmt.Fprintln(p.Stdout, map[string]string{"TERM": "terminated", "USR1": "user defined signal 1"}[<-p.Signals])
	case "size":
		fmt.Fprintf(p.Stdout, "%dx%d\n", p.Spec.Terminal.Rows, p.Spec.Terminal.Cols)
		for {
			select {
			case size := <-p.Sizes:
				fmt.Fprintf(p.Stdout, "%dx%d\n", size.Rows, size.Cols)
			case <-ctx.Done():
				return 0
			}
		}
	case "stubborn":
		p.Catch("TERM", "INT", "HUP")
		fallthrough
	case "sleep":
		fmt.Fprintln(p.Stdout, "ready")
		<-ctx.Done()
	default:
		return run(word, rest).ExitCode
	}
	return 0
}
