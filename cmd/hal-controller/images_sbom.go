package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/sbom"
)

const imagesSBOMLong = `Print the bill of materials of an image, as CycloneDX 1.6 JSON: the packages of
Debian and npm, and the modules of Go programs in /usr/local/bin. The same image
gives the same document.

The image's files are read by way of a container that is never started and is
removed at the end.`

func newImagesSBOM(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "sbom IMAGE", Short: "Print what software is in an image", Long: imagesSBOMLong,
		ValidArgsFunction: a.completeImage,
		Example:           "  hal-controller images sbom hal/worker >worker.cdx.json",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("say which image, as in: %s hal/worker", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			engine, err := a.engine(c.Context())
			if err != nil {
				return err
			}
			defer closeEngine(engine)
			return a.imageSBOM(c.Context(), engine, args[0])
		},
	}
}

func (a *app) imageSBOM(ctx context.Context, store runtime.ImageStore, ref string) error {
	image, err := store.InspectImage(ctx, ref)
	if errors.Is(err, runtime.ErrImageMissing) {
		return fmt.Errorf("image %q is not on the engine: `hal images ls` lists those that pools use", ref)
	}
	if err != nil {
		return fmt.Errorf("look at image %q: %w", ref, err)
	}
	inventory, err := inventoryOf(ctx, store, image.ID)
	if err != nil {
		return fmt.Errorf("look into image %q: %w", ref, err)
	}
	for _, skipped := range inventory.Skipped {
		fmt.Fprintln(a.errOut, skipped)
	}
	return inventory.Write(a.out, sbom.Subject{Name: shortImage(ref), ID: image.ID, Tool: version})
}

// inventoryOf reads an image by its id, so that it is the one that was looked at.
func inventoryOf(ctx context.Context, store runtime.ImageStore, id string) (sbom.Inventory, error) {
	files, err := store.ExportImage(ctx, id)
	if err != nil {
		return sbom.Inventory{}, err
	}
	inventory, err := sbom.Scan(files)
	return inventory, errors.Join(err, files.Close())
}
