package terminal

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"

	"hal-controller/pkg/runtime"
)

// Of says whether a reader is a terminal, and which.
func Of(r io.Reader) (*os.File, bool) {
	file, ok := r.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// Raw makes a terminal pass every key on as it is. The caller calls restore before
// anything is printed or the program ends; repeating it is harmless.
func Raw(file *os.File) (restore func(), err error) {
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("make the terminal %s raw: %w", file.Name(), err)
	}
	return sync.OnceFunc(func() { _ = term.Restore(int(file.Fd()), state) }), nil
}

// Size of a terminal.
func Size(file *os.File) (runtime.TerminalSize, error) {
	cols, rows, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return runtime.TerminalSize{}, fmt.Errorf("ask the terminal %s for its size: %w", file.Name(), err)
	}
	return runtime.TerminalSize{Rows: uint16(rows), Cols: uint16(cols)}, nil
}

// Sizes are those that a terminal gets until ctx ends. Of several that nobody
// takes, the last remains.
func Sizes(ctx context.Context, file *os.File) <-chan runtime.TerminalSize {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	sizes := make(chan runtime.TerminalSize)
	go func() {
		defer signal.Stop(changes)
		var last runtime.TerminalSize
		var to chan runtime.TerminalSize // nil while there is nothing to tell
		for {
			select {
			case <-ctx.Done():
				return
			case <-changes:
				size, err := Size(file)
				if err == nil {
					last, to = size, sizes
				}
			case to <- last:
				to = nil
			}
		}
	}()
	return sizes
}
