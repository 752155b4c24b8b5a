package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const completionLong = `Print a script that has a shell complete commands, flags and names, for
hal-controller and for its short name hal.

  bash         source <(hal-controller completion bash)
  zsh          source <(hal-controller completion zsh)
  fish         hal-controller completion fish | source
  powershell   hal-controller completion powershell | Out-String | Invoke-Expression`

var shells = []string{"bash", "zsh", "fish", "powershell"}

// forShortName has what a shell knows of hal-controller apply to hal as well.
var forShortName = map[string]string{
	"bash":       "complete -o default -F __start_hal-controller hal",
	"zsh":        "compdef _hal-controller hal",
	"fish":       "complete -c hal -w hal-controller",
	"powershell": "Register-ArgumentCompleter -CommandName 'hal' -ScriptBlock ${__hal_controllerCompleterBlock}",
}

func newCompletion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print a completion script for a shell", Long: completionLong,
		GroupID: groupHelp, ValidArgs: shells, Args: oneShell,
		Example: "  source <(hal-controller completion bash)",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.completionScript(c.Root(), args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintln(a.out, forShortName[args[0]])
			return err
		},
	}
}

func (a *app) completionScript(root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(a.out, true)
	case "zsh":
		return root.GenZshCompletion(a.out)
	case "fish":
		return root.GenFishCompletion(a.out, true)
	default:
		return root.GenPowerShellCompletionWithDesc(a.out)
	}
}

func oneShell(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("say one shell: %s", strings.Join(shells, ", "))
	}
	if !slices.Contains(shells, args[0]) {
		return usagef("no completion for %q%s: there is %s", args[0], didYouMean(args[0], shells), strings.Join(shells, ", "))
	}
	return nil
}
