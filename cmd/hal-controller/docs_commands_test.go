package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const commandsIntro = `# Commands

The command is ` + "`hal-controller`, or `hal`" + ` for short. Data goes to standard
output; progress, warnings and errors go to standard error.

| it ends with | when |
|---|---|
| 0 | it is done, or the answer is yes |
| 1 | the answer is no: differences, not converged, a condition that is false, a refusal |
| 2 | the command line is wrong, or a manifest is invalid |
| 3 | time is out |
| 4 | neither the engine nor a daemon can be reached |
`

// varying are the defaults that depend on the machine.
var varying = map[string]string{"parallel": "2 for each CPU"}

// commandsPage is the whole command line on one page.
func commandsPage() string {
	root := newRoot(&app{})
	var b strings.Builder
	b.WriteString(generated + commandsIntro)
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n%s\n\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && !c.Hidden && c.Name() != "help" {
				fmt.Fprintf(&b, "- [%s](#%s): %s\n", c.Name(), anchor(c), c.Short)
			}
		}
	}
	b.WriteString("\n## Flags of every command\n\n" + flagTable(root.PersistentFlags()))
	for _, c := range shippedCommands(root) {
		b.WriteString(commandSection(c))
	}
	return b.String()
}

// shippedCommands are the commands below c, each before its own.
func shippedCommands(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.Hidden || sub.Name() == "help" {
			continue
		}
		all = append(all, sub)
		all = append(all, shippedCommands(sub)...)
	}
	return all
}

func commandSection(c *cobra.Command) string {
	var b strings.Builder
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	fmt.Fprintf(&b, "\n## %s\n\n    %s\n\n%s", c.CommandPath(), c.UseLine(), paragraphs(about))
	if c.Example != "" {
		fmt.Fprintf(&b, "\n```\n%s\n```\n", unindented(c.Example))
	}
	if table := flagTable(c.LocalNonPersistentFlags()); table != "" {
		b.WriteString("\n" + table)
	}
	return b.String()
}

// paragraphs keeps a text as it is, and its indented lines as code.
func paragraphs(long string) string {
	var b strings.Builder
	for line := range strings.Lines(long + "\n") {
		if strings.HasPrefix(line, "  ") {
			line = "    " + strings.TrimPrefix(line, "  ")
		}
		b.WriteString(line)
	}
	return b.String()
}

func unindented(example string) string {
	return strings.TrimPrefix(strings.ReplaceAll(example, "\n  ", "\n"), "  ")
}

func flagTable(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if b.Len() == 0 {
			b.WriteString("| flag | default | |\n|---|---|---|\n")
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + kind)
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(name), cell(defaultOf(f)), cell(usage))
	})
	return b.String()
}

func defaultOf(f *pflag.Flag) string {
	if words, varies := varying[f.Name]; varies {
		return words
	}
	switch f.DefValue {
	case "false", "[]", "":
		return ""
	default:
		return f.DefValue
	}
}

// cell keeps a text inside its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// anchor is where a command's section is on its page.
func anchor(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }
