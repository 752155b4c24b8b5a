package main

import (
	"context"
	"slices"

	"github.com/distribution/reference"
	"github.com/spf13/cobra"

	"hal-controller/pkg/runtime"
)

const imagesLong = `Make images of profiles, list the images of the engine that pools are made of, and
say what is in one.

A profile is a directory with a Dockerfile that begins FROM hal/worker and adds a
language or a tool. Its image is hal/worker-NAME.`

func newImages(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "images build|ls|sbom", Short: "Make images of profiles, and look at images", Long: imagesLong,
		GroupID: groupControl, Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImagesBuild(a), newImagesLs(a), newImagesSBOM(a))
	return c
}

// completeImage completes a command's one argument, an image of the engine.
func (a *app) completeImage(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	engine, err := a.engine(ctx)
	if err != nil { // what goes wrong belongs in no prompt
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer closeEngine(engine)
	return imageNames(ctx, engine), cobra.ShellCompDirectiveNoFileComp
}

// imageNames are the tags of an engine's images, or none.
func imageNames(ctx context.Context, store runtime.ImageStore) []string {
	images, _ := store.ListImages(ctx)
	var names []string
	for _, i := range images {
		for _, name := range i.Names {
			if isTag(name) {
				names = append(names, shortImage(name))
			}
		}
	}
	slices.Sort(names)
	return names
}

// isTag says whether a name of an image is a tag, and not a digest.
func isTag(name string) bool {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return false
	}
	_, tagged := named.(reference.Tagged)
	return tagged
}
