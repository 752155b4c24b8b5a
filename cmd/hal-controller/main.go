// Command hal-controller keeps pools of warm workers on a Docker engine as their
// manifests declare them. main.go and root.go are where it starts, run.go and
// daemon.go are the controller, and each other file is one command or what
// several need. Nothing is decided here: see pkg/reconcile.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set when the binary is built.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
