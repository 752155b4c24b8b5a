package terminal

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals with which a person, a shell or a supervisor asks a
// program for something.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// Signals are the names of the signals that this program gets until ctx ends, as
// "TERM". They do nothing else to it meanwhile.
func Signals(ctx context.Context) <-chan string {
	got := make(chan os.Signal, len(forwarded))
	signal.Notify(got, forwarded...)
	names := make(chan string)
	go func() {
		defer signal.Stop(got)
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-got:
				select {
				case names <- name(s):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return names
}

func name(s os.Signal) string {
	number, _ := s.(syscall.Signal)
	return strings.TrimPrefix(unix.SignalName(number), "SIG")
}

// ExitCode is how a shell tells that a program was ended by a signal.
func ExitCode(name string) int { return 128 + int(unix.SignalNum("SIG"+name)) }
