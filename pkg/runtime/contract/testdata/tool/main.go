// Tool is the one program of the image that the contract specs run.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	word, rest := "sleep", os.Args[min(2, len(os.Args)):]
	if len(os.Args) > 1 {
		word = os.Args[1]
	}
	switch word {
	case "sleep", "pause": // until a signal ends it
		sleep()
	case "stubborn": // sleep, deaf to all signals but KILL
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		sleep()
	case "exit": // with a code
		code, err := strconv.Atoi(rest[0])
		check(err)
		os.Exit(code)
	case "say": // words on standard output, one a line
		fmt.Println(strings.Join(rest, "\n"))
	case "complain": // the same on standard error
		fmt.Fprintln(os.Stderr, strings.Join(rest, "\n"))
	case "fill": // a number of bytes of output, then "end"
		n, err := strconv.Atoi(rest[0])
		check(err)
		fmt.Print(strings.Repeat("x", n), "end")
	case "eat": // a number of bytes of memory
		n, err := strconv.Atoi(rest[0])
		check(err)
		eaten := make([]byte, n)
		for i := range eaten {
			eaten[i] = 1
		}
		sleep()
	case "serve": // HTTP on an address
		check(http.ListenAndServe(rest[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "hello")
		})))
	case "get": // a URL
		response, err := http.Get(rest[0])
		check(err)
		_, err = io.Copy(os.Stdout, response.Body)
		check(err)
	case "cat": // a file
		data, err := os.ReadFile(rest[0])
		check(err)
		fmt.Print(string(data))
	case "write": // words to a file
		check(os.WriteFile(rest[0], []byte(strings.Join(rest[1:], " ")), 0o644))
	case "repeat": // standard input, then "end" on standard error
		_, err := io.Copy(os.Stdout, os.Stdin)
		check(err)
		fmt.Fprint(os.Stderr, "end")
	case "getenv": // a variable
		fmt.Print(os.Getenv(rest[0]))
	case "catch": // a TERM or USR1, and say which
		caught := make(chan os.Signal, 1)
		signal.Notify(caught, syscall.SIGTERM, syscall.SIGUSR1)
		fmt.Println("ready")
		fmt.Println(<-caught)
	case "size": // of the terminal, now and after each change
		changes := make(chan os.Signal, 1)
		signal.Notify(changes, syscall.SIGWINCH)
		for {
			cols, rows, err := term.GetSize(0)
			check(err)
			fmt.Printf("%dx%d\n", rows, cols)
			<-changes
		}
	default:
		check(fmt.Errorf("no such word: %s", word))
	}
}

// sleep says that it has come so far: before that, signals find nobody.
func sleep() {
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
