package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"hal-controller/pkg/api"
	"hal-controller/pkg/profile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

const imagesLsLong = `List the images hal/*, and those that pools use, with the pools that use them as
image of their workers, parent or services. Pools are those of the daemon or, where
none runs, those found on the engine; with -f, also those of manifests. An image
that is used and not there is listed as missing.`

func newImagesLs(a *app) *cobra.Command {
	var path manifestPath
	output := choiceOf("table", "wide", "json", "yaml", "name")
	c := &cobra.Command{
		Use: "ls [-f PATH]", Short: "List images, and the pools that use them", Long: imagesLsLong, Args: noArguments,
		Example: "  hal-controller images ls\n  hal-controller images ls -f manifests/ -o json",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.imagesLs(c.Context(), string(path), output.word)
		},
	}
	path.flag(c, manifestUsage)
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

func (a *app) imagesLs(ctx context.Context, path, output string) error {
	var pools []spec.Pool
	if path != "" {
		objects, problems := a.loadPath(path)
		if err := a.settle(problems); err != nil {
			return err
		}
		for _, p := range poolsOf(objects) {
			pools = append(pools, *p)
		}
	}
	engine, err := a.engine(ctx)
	if err != nil {
		return err
	}
	defer closeEngine(engine)
	there, err := a.client().Pools(ctx)
	if errors.Is(err, api.ErrNoDaemon) {
		there, err = direct{engine}.Pools(ctx)
	}
	if err != nil {
		return err
	}
	return a.listImages(ctx, engine, append(pools, there...), output)
}

func (a *app) listImages(ctx context.Context, store runtime.ImageStore, pools []spec.Pool, output string) error {
	images, err := store.ListImages(ctx)
	if err != nil {
		return fmt.Errorf("list the engine's images: %w", err)
	}
	rows := imageRows(images, pools)
	if len(rows) == 0 && (output == "table" || output == "wide") {
		fmt.Fprintln(a.errOut, "no images found")
	}
	return newPrinter(a.out, target{resource: imageResource}, getOptions{output: output}).all(rows)
}

// imageResource prints images; they are of no pool, so that get does not know them.
var imageResource = resource{
	name:    "image",
	columns: []string{"NAME", "SIZE", "AGE", "POOLS"},
	wide:    []string{"ID", "VERSION"},
}

// imageObject is an image in -o json and -o yaml.
type imageObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	// Missing says that a pool uses it and the engine does not have it: nothing
	// else is known of it.
	Missing bool       `json:"missing,omitempty"`
	ID      string     `json:"id,omitempty"`
	Size    int64      `json:"size,omitempty"` // bytes
	Created *time.Time `json:"created,omitempty"`
	Version string     `json:"version,omitempty"`
	Pools   []string   `json:"pools,omitempty"`
}

// imageRow is a row of an image, nil for one that is missing.
func imageRow(name string, i *runtime.Image, pools []string) row {
	object := imageObject{APIVersion: spec.APIVersion, Kind: "Image", Name: name, Pools: pools}
	r := row{name: name, cells: map[string]string{"SIZE": "missing", "POOLS": strings.Join(pools, ",")}}
	if i == nil {
		object.Missing = true
		r.object = object
		return r
	}
	object.ID, object.Size, object.Created, object.Version = i.ID, i.Size, &i.Created, i.Labels[profile.LabelVersion]
	r.object, r.created = object, i.Created
	r.cells["SIZE"] = units.HumanSizeWithPrecision(float64(i.Size), 3) // as the docker command has it
	r.cells["ID"], r.cells["VERSION"] = shortID(strings.TrimPrefix(i.ID, "sha256:")), object.Version
	return r
}
