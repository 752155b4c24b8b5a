package main

import (
	"context"
	"fmt"
	goruntime "runtime"
	"time"

	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/runtime/docker"
)

// versionPatience bounds the questions that version asks: it is there to be
// pasted into reports, also from where nothing answers.
const versionPatience = 3 * time.Second

func newVersion(a *app) *cobra.Command {
	clientOnly := false
	output := choiceOf("text", "json")
	c := &cobra.Command{
		Use: "version", Short: "Print the versions of this program, the daemon and the engine",
		GroupID: groupHelp, Args: noArguments,
		Example: "  hal-controller version\n  hal-controller version --client -o json",
		RunE: func(c *cobra.Command, _ []string) error {
			versions := versionReport{Client: ownVersion()}
			if !clientOnly {
				a.askVersions(c.Context(), &versions)
			}
			if output.word == "json" {
				return printJSON(a.out, versions)
			}
			fmt.Fprint(a.out, versions)
			return nil
		},
	}
	c.Flags().BoolVar(&clientOnly, "client", false, "ask neither the daemon nor the engine")
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

// versionReport is what version prints; nil is what could not be reached.
type versionReport struct {
	Client clientVersion `json:"client"`
	Daemon *api.Info     `json:"daemon,omitempty"`
	Engine *engineReport `json:"engine,omitempty"`
}

type clientVersion struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

type engineReport struct {
	Host    string `json:"host"`
	Version string `json:"version"`
	API     string `json:"api"`
}

func ownVersion() clientVersion {
	return clientVersion{version, goruntime.Version(), goruntime.GOOS + "/" + goruntime.GOARCH}
}

// askVersions adds those that answer.
func (a *app) askVersions(ctx context.Context, versions *versionReport) {
	ctx, cancel := context.WithTimeout(ctx, versionPatience)
	defer cancel()
	if info, err := a.client().Info(ctx); err == nil {
		versions.Daemon = &info
	}
	endpoint, err := a.endpoint()
	if err != nil {
		return
	}
	engine, err := docker.New(endpoint, a.instance)
	if err != nil {
		return
	}
	defer closeEngine(engine)
	if v, err := engine.ServerVersion(ctx); err == nil {
		versions.Engine = &engineReport{endpoint.Host, v.Version, v.API}
	}
}

func (v versionReport) String() string {
	text := fmt.Sprintf("Client: %s (%s, %s)\n", v.Client.Version, v.Client.Go, v.Client.Platform)
	if v.Daemon != nil {
		text += fmt.Sprintf("Daemon: %s (process %d, instance %s)\n", v.Daemon.Version, v.Daemon.PID, v.Daemon.Instance)
	}
	if v.Engine != nil {
		text += fmt.Sprintf("Engine: %s (API %s, %s)\n", v.Engine.Version, v.Engine.API, v.Engine.Host)
	}
	return text
}
