package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hal-controller/pkg/spec"
)

const longHelp = `hal-controller keeps pools of warm, isolated workers on one Docker engine.

A pool is declared in a manifest. The controller makes Docker match it and keeps
it so: edit the file and watch it converge.`

// newRoot is the whole command line. Each command is made in a file of its own.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use: "hal-controller", Short: "Keep pools of warm workers on a Docker engine as declared", Long: longHelp,
		Version: version, SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		Args:              noArguments,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.checkInstance() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.host, "host", "H", "", "engine to use, as unix:///path or tcp://host:port (default: DOCKER_HOST, then the Docker context, then the default sockets)")
	flags.StringVar(&a.dockerContext, "context", "", "Docker context to use")
	flags.StringVar(&a.instance, "instance", envOr("HAL_INSTANCE", "default"), "name that keeps the pools of several controllers on one engine apart")
	flags.StringVar(&a.stateDir, "state-dir", os.Getenv("HAL_STATE_DIR"), "directory of the controller's state (default: /var/lib/hal-controller for root)")
	flags.StringVar(&a.socket, "socket", "", "socket of the daemon (default: HAL_SOCKET, then /run/hal-controller/INSTANCE.sock for root)")
	flags.CountVarP(&a.verbosity, "verbose", "v", "log more")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &usageError{suggestFlag(c, err)} })
	root.AddGroup(
		&cobra.Group{ID: groupControl, Title: "Run the controller:"},
		&cobra.Group{ID: groupUse, Title: "Use claimed workers:"},
		&cobra.Group{ID: groupRead, Title: "See what is:"},
		&cobra.Group{ID: groupChange, Title: "Change what should be:"},
		&cobra.Group{ID: groupHelp, Title: "Help:"},
	)
	root.SetHelpCommand(newHelp())
	for _, add := range commands {
		root.AddCommand(add(a))
	}
	return root
}

// newHelp is cobra's help, but for words that are no command: those are an error
// here as everywhere.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command", GroupID: groupHelp,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return &usageError{err}
			}
			if len(rest) > 0 {
				return noArguments(about, rest)
			}
			return about.Help()
		},
	}
}

// numberError is what package strconv puts into the message of a flag.
var numberError = regexp.MustCompile(`strconv\.\w+: parsing "[^"]*": (invalid syntax|value out of range)`)

// instancePattern is a DNS label: an instance is part of paths and labels.
var instancePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (a *app) checkInstance() error {
	if !instancePattern.MatchString(a.instance) {
		return usagef("--instance %q: small letters, digits and dashes, at most 63", a.instance)
	}
	return nil
}

// Groups of commands in the help.
const (
	groupControl = "control"
	groupUse     = "use"
	groupRead    = "read"
	groupChange  = "change"
	groupHelp    = "help"
)

// explain prints what went wrong, and what to do about it.
func (a *app) explain(c *cobra.Command, err error) {
	var coded *codedError
	if err == nil || errors.As(err, &coded) && coded.err == nil {
		return
	}
	var problems spec.Problems
	if errors.As(err, &problems) {
		fmt.Fprintln(a.errOut, harmless(err.Error()))
		return
	}
	fmt.Fprintf(a.errOut, "hal-controller: %s\n", harmless(err.Error()))
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(a.errOut, "Usage: %s\n", c.UseLine())
	}
}

// noArguments refuses arguments: for root, an unknown command and the nearest
// one that there is.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasSubCommands() {
		return usagef("%s takes no arguments, and got %q", c.CommandPath(), args[0])
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usagef("unknown command %q for %s%s", args[0], c.CommandPath(), didYouMean(args[0], names))
}

func suggestFlag(c *cobra.Command, err error) error {
	unknown, found := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !found {
		return errors.New(numberError.ReplaceAllString(err.Error(), "a whole number belongs here"))
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if nearest, ok := spec.Nearest(unknown, names); ok {
		return fmt.Errorf("%w: did you mean --%s?", err, nearest)
	}
	return err
}

// didYouMean is ": did you mean X?" where there is an X near to word.
func didYouMean(word string, among []string) string {
	if nearest, ok := spec.Nearest(word, among); ok {
		return fmt.Sprintf(": did you mean %q?", nearest)
	}
	return ""
}

func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
