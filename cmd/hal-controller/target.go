package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// target is what a reading command is asked about: things of one kind, by name.
// No names is all of them.
type target struct {
	resource
	names []string
}

// targetOf reads "TYPE", "TYPE NAME…" and "TYPE/NAME…".
func targetOf(c *cobra.Command, args []string) (target, error) {
	if len(args) == 0 {
		return target{}, usagef("say what: %s pools, workers, services or volumes", c.CommandPath())
	}
	if !strings.Contains(args[0], "/") {
		kind, err := resourceOf(args[0])
		if err != nil {
			return target{}, err
		}
		for _, name := range args[1:] {
			if strings.Contains(name, "/") {
				return target{}, usagef("%q: say either %s NAME or %s/NAME, and not both", name, kind.name, kind.name)
			}
		}
		return target{kind, args[1:]}, nil
	}
	var t target
	for _, arg := range args {
		word, name, qualified := strings.Cut(arg, "/")
		if !qualified || name == "" {
			return target{}, usagef("%q: say TYPE/NAME for each, as in pool/dev", arg)
		}
		kind, err := resourceOf(word)
		if err != nil {
			return target{}, err
		}
		if t.name != "" && t.name != kind.name {
			return target{}, usagef("%s: one kind at a time, and this is a %s and a %s", c.CommandPath(), t.name, kind.name)
		}
		t.resource, t.names = kind, append(t.names, name)
	}
	return t, nil
}

// matches says whether a row was asked for.
func (t target) matches(r row) bool {
	return len(t.names) == 0 || slices.Contains(t.names, r.name)
}
