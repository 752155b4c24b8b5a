package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/spec"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "explain FIELD", Short: "Document a field of the manifest",
		GroupID:           groupHelp,
		Example:           "  hal-controller explain pool\n  hal-controller explain pool.spec.workers.update",
		ValidArgsFunction: completeField,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("say one field, as in: %s pool.spec.workers", c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			explanation, err := spec.Explain(args[0])
			if err != nil {
				return &usageError{err}
			}
			fmt.Fprint(a.out, explanation)
			return nil
		},
	}
}

// completeField offers the fields below the last dot.
func completeField(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dot := strings.LastIndexByte(typed, '.')
	if dot < 0 {
		return []cobra.Completion{"pool", "claim"}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	explanation, err := spec.Explain(typed[:dot])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var fields []cobra.Completion
	for _, f := range explanation.Fields {
		if field := typed[:dot+1] + f.Name; strings.HasPrefix(field, typed) {
			fields = append(fields, cobra.CompletionWithDesc(field, f.Synopsis))
		}
	}
	return fields, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
