package main

import (
	"github.com/spf13/cobra"
)

// newPause is the main process of a sandbox: it owns the network namespace and
// does nothing until it is told to stop.
func newPause(*app) *cobra.Command {
	return &cobra.Command{
		Use: "pause", Short: "Do nothing until told to stop; the process of a sandbox", Hidden: true, Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			<-c.Context().Done()
			return nil
		},
	}
}
