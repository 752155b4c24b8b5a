package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/spec"
)

// onePool demands a command's one argument, a pool.
func onePool(c *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usagef("say which pool, as in: %s dev", c.CommandPath())
	case 1:
		_, err := poolArgument(args[0])
		return err
	default:
		return usagef("%s takes one pool, and got %s", c.CommandPath(), strings.Join(args, " "))
	}
}

// poolArgument is the name in "dev" or "pool/dev".
func poolArgument(argument string) (string, error) {
	kind, name, qualified := strings.Cut(argument, "/")
	if !qualified {
		kind, name = "pool", argument
	}
	if !slices.Contains(resources[0].words, kind) {
		return "", usagef("%q is no pool: say it as NAME or pool/NAME", argument)
	}
	if name == "" || strings.ContainsAny(name, "/ ") {
		return "", usagef("%q is no name of a pool", argument)
	}
	return name, nil
}

// choice is the value of a flag that takes one of a few words.
type choice struct {
	word  string
	words []string
}

// choiceOf makes a choice among words, of which the first is the default.
func choiceOf(words ...string) *choice { return &choice{words[0], words} }

func (c *choice) String() string { return c.word }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		if nearest, ok := spec.Nearest(word, c.words); ok {
			return fmt.Errorf("did you mean %q?", nearest)
		}
		return fmt.Errorf("it is one of %s", strings.Join(c.words, ", "))
	}
	c.word = word
	return nil
}

// choiceFlag adds the flag for a choice; the shell completes its words.
func choiceFlag(c *cobra.Command, value *choice, name, short, usage string) {
	c.Flags().VarP(value, name, short, usage)
	_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(value.words, cobra.ShellCompDirectiveNoFileComp))
}

// manifestPath is the value of a -f flag that can be given once: "-" is
// standard input.
type manifestPath string

func (p *manifestPath) String() string { return string(*p) }
func (p *manifestPath) Type() string   { return "path" }

func (p *manifestPath) Set(path string) error {
	if path == "" {
		return errors.New("it is empty")
	}
	if *p != "" {
		return errors.New("it is given twice: use a directory, or one file with several documents")
	}
	*p = manifestPath(path)
	return nil
}

const manifestUsage = "file or directory of manifests, - for standard input"

func (p *manifestPath) flag(c *cobra.Command, usage string) {
	c.Flags().VarP(p, "filename", "f", usage)
	_ = c.MarkFlagFilename("filename", "yaml", "yml")
}

// required is a usage error for a path that was not given.
func (p *manifestPath) required() error {
	if *p == "" {
		return errNoManifest()
	}
	return nil
}

func errNoManifest() error { return usagef("say which manifests: -f FILE, -f DIRECTORY or -f -") }
