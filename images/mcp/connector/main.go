package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"
)

const (
	defaultAddress = "localhost:8001"
	// patience covers a restart of the service.
	patience = 5 * time.Second
)

const usage = `usage: hal-mcp NAME

Joins standard input and output to the MCP server NAME of the pool's service
mcp: chromadb, memory-bank or sequential-thinking.

HAL_MCP_ADDRESS is where the service listens (default ` + defaultAddress + `).
`

// The exit codes.
const (
	exitOK = iota
	exitBroken
	exitUsage
)

func main() {
	g := gateway{address: os.Getenv("HAL_MCP_ADDRESS"), patience: patience}
	if g.address == "" {
		g.address = defaultAddress
	}
	os.Exit(run(os.Args[1:], g, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command, and returns its exit code.
func run(args []string, g gateway, in io.Reader, out, complaints io.Writer) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		_, _ = io.WriteString(out, usage)
		return exitOK
	}
	if len(args) != 1 || !isName(args[0]) {
		_, _ = io.WriteString(complaints, usage)
		return exitUsage
	}
	if err := g.join(context.Background(), args[0], in, out); err != nil {
		_, _ = io.WriteString(complaints, "hal-mcp: "+err.Error()+"\n")
		return exitBroken
	}
	return exitOK
}

// isName tells what may be a server's name from a flag or a second line.
func isName(s string) bool {
	return s != "" && s[0] != '-' && !strings.ContainsAny(s, " \t\r\n")
}
