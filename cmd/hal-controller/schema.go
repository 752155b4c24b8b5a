package main

import (
	"github.com/spf13/cobra"

	"hal-controller/pkg/spec"
)

const schemaLong = `Print the JSON Schema of manifests, for editors and other programs. With
yaml-language-server, save it beside a manifest and begin that one with

  # yaml-language-server: $schema=pool.schema.json`

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of manifests", Long: schemaLong,
		GroupID: groupHelp, Args: noArguments,
		Example: "  hal-controller schema > pool.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(spec.Schema())
			return err
		},
	}
}
